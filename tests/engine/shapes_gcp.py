"""What Google Cloud answers; identifiers come from the SDK's own documentation, so only computed outputs stand here."""

from tests.engine.shapes import Shape

GCP = {
    "gcp:artifactregistry/repository:Repository": Shape(
        outputs={"registryUri": "{location}-docker.pkg.dev/{project}/{repositoryId}"}, named_by="repositoryId"
    ),
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": Shape(
        outputs={
            "dnsResourceRecords": [
                {
                    "name": "_acme-challenge.{domain}.",
                    "type": "CNAME",
                    "data": "{hex}.authorize.certificatemanager.goog.",
                }
            ]
        }
    ),
    "gcp:cloudrunv2/service:Service": Shape(
        outputs={
            "uri": "https://{name}-{hex12}.{location}.run.app",
            "urls": ["https://{name}-{hex12}.{location}.run.app"],
        }
    ),
    "gcp:compute/address:Address": Shape(outputs={"address": "{public_address}"}),
    "gcp:compute/globalAddress:GlobalAddress": Shape(outputs={"address": "{public_address}"}),
    "gcp:compute/haVpnGateway:HaVpnGateway": Shape(
        outputs={
            "vpnInterfaces": [
                {"id": 0, "ipAddress": "{public_address}"},
                {"id": 1, "ipAddress": "{second_public_address}"},
            ]
        }
    ),
    "gcp:secretmanager/secret:Secret": Shape(named_by="secretId"),
    "gcp:secretmanager/secretIamMember:SecretIamMember": Shape("{secretId}/{role}/{member}", named_by="secretId"),
    "gcp:secretmanager/secretVersion:SecretVersion": Shape(
        "{secret}/versions/{serial}", {"name": "{secret}/versions/{serial}", "version": "{serial}"}
    ),
    "gcp:serviceaccount/account:Account": Shape(
        outputs={
            "email": "{accountId}@{project}.iam.gserviceaccount.com",
            "member": "serviceAccount:{accountId}@{project}.iam.gserviceaccount.com",
            "name": "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
            "uniqueId": "{number}",
        },
        id="projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
        named_by="accountId",
    ),
    "gcp:projects/serviceIdentity:ServiceIdentity": Shape(
        outputs={
            "email": "service-{number}@gcp-{name}.iam.gserviceaccount.com",
            "member": "serviceAccount:service-{number}@gcp-{name}.iam.gserviceaccount.com",
        },
    ),
    "gcp:sql/databaseInstance:DatabaseInstance": Shape(
        outputs={
            "connectionName": "{project}:{region}:{name}",
            "dnsName": "{hex}.{region}.sql.goog.",
            "firstIpAddress": "{private_address}",
            "privateIpAddress": "{private_address}",
            "ipAddresses": [{"type": "PRIVATE", "ipAddress": "{private_address}"}],
            "serviceAccountEmailAddress": "p{number}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
            "settings": {},
        }
    ),
    "gcp:storage/bucket:Bucket": Shape("{name}", {"url": "gs://{name}"}),
}
