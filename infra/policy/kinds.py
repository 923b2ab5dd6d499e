"""The types that several rules look at, by what they are and not by who sells them: one of each cloud."""

RDS = "aws:rds/instance:Instance"
SQL = "gcp:sql/databaseInstance:DatabaseInstance"
FLEXIBLE = "azure-native:dbforpostgresql:Server"
DATABASES = (RDS, SQL, FLEXIBLE)

RDS_PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
FLEXIBLE_PARAMETER = "azure-native:dbforpostgresql:Configuration"

S3 = "aws:s3/bucket:Bucket"
GCS = "gcp:storage/bucket:Bucket"
ACCOUNT = "azure-native:storage:StorageAccount"
BLOBS = "azure-native:storage:BlobServiceProperties"
STORES = (S3, GCS, ACCOUNT)

DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE = "aws:iam/role:Role"
