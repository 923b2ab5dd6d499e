"""The smallest program that shows what the engine and a double do together: a key, a bucket, a guarded database."""

import pulumi
import pulumi_aws as aws

settings = pulumi.Config()
password = settings.require_secret("password")
if kind := settings.get("unknown_type"):
    pulumi.CustomResource(kind, "stranger", {}, pulumi.ResourceOptions(version="7.51.1"))

key = aws.kms.Key("key", description=settings.get("description") or "first")
bucket = aws.s3.Bucket("bucket", bucket="small-example", tags={"key": key.key_id})
database = aws.rds.Instance(
    "database",
    identifier="small",
    instance_class="db.t4g.small",
    kms_key_id=key.arn,
    password=password,
    deletion_protection=settings.get_bool("guarded") is not False,
)
topic = aws.sns.Topic("topic", name=settings.get("topic_name") or "small", display_name=database.endpoint)

pulumi.export("bucket", bucket.arn)
pulumi.export("endpoint", database.endpoint)
pulumi.export("password", password)
