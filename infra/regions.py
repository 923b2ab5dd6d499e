"""The regions of each provider in which a site can stand: those with zones. Imports no Pulumi.

No SDK refuses a region that does not exist; `up` would, minutes later. A provider opens new ones: add them here. Read in
AWS: docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html, Google: cloud.google.com/compute/docs/regions-zones,
Azure: learn.microsoft.com/azure/reliability/regions-list (only those with availability zones, which the database needs).
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


AWS = _names(
    """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
    eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1
    me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
    """
)

GCP = _names(
    """
    africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2
    asia-southeast1 asia-southeast2 australia-southeast1 australia-southeast2 europe-central2 europe-north1
    europe-north2 europe-southwest1 europe-west1 europe-west10 europe-west12 europe-west2 europe-west3 europe-west4
    europe-west6 europe-west8 europe-west9 me-central1 me-central2 me-west1 northamerica-northeast1
    northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us-central1 us-east1 us-east4
    us-east5 us-south1 us-west1 us-west2 us-west3 us-west4
    """
)

AZURE = _names(
    """
    australiaeast austriaeast brazilsouth canadacentral centralindia centralus chilecentral eastasia eastus eastus2
    francecentral germanywestcentral indonesiacentral israelcentral italynorth japaneast japanwest koreacentral
    malaysiawest mexicocentral newzealandnorth northeurope norwayeast polandcentral qatarcentral southafricanorth
    southcentralus southeastasia spaincentral swedencentral switzerlandnorth uaenorth uksouth westeurope westus2 westus3
    """
)

GCP_ZONES = {"europe-west1": "bcd", "us-east1": "bcd", "us-central1": "abcf"}
"""Google's letters where they are not a, b and c."""
