"""What each provider takes for a name: data alone, read by names.py; each line names the provider's own page."""

from dataclasses import dataclass

AZURE_RULES = "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"
COMPUTE = "https://cloud.google.com/compute/docs/naming-resources"
AWS = "https://docs.aws.amazon.com"
GOOGLE = "https://cloud.google.com"


@dataclass(frozen=True)
class Name:
    """What one type's names must look like, the input that carries them, and the provider's page that says so."""

    field: str
    pattern: str
    page: str


_COMPUTE_TYPES = """
    address:Address backendService:BackendService externalVpnGateway:ExternalVpnGateway firewall:Firewall
    globalAddress:GlobalAddress globalForwardingRule:GlobalForwardingRule haVpnGateway:HaVpnGateway network:Network
    regionNetworkEndpointGroup:RegionNetworkEndpointGroup router:Router routerInterface:RouterInterface routerNat:RouterNat
    routerPeer:RouterPeer sSLPolicy:SSLPolicy securityPolicy:SecurityPolicy subnetwork:Subnetwork
    targetHttpProxy:TargetHttpProxy targetHttpsProxy:TargetHttpsProxy uRLMap:URLMap vPNTunnel:VPNTunnel
"""
_NETWORK_TYPES = {
    "LocalNetworkGateway": "localNetworkGatewayName",
    "NatGateway": "natGatewayName",
    "PublicIPAddress": "publicIpAddressName",
    "RouteTable": "routeTableName",
    "SecurityRule": "securityRuleName",
    "Subnet": "subnetName",
    "VirtualNetworkGateway": "virtualNetworkGatewayName",
    "VirtualNetworkGatewayConnection": "virtualNetworkGatewayConnectionName",
    "NetworkSecurityGroup": "networkSecurityGroupName",
}
_NETWORK_NAME = r"[A-Za-z0-9]([\w.-]{0,78}\w)?"

NAMES = {
    "aws:ecr/repository:Repository": Name(
        "name",
        r"(?=.{2,256}$)[a-z0-9]+([._/-][a-z0-9]+)*",
        "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html",
    ),
    "aws:iam/role:Role": Name(
        "name", r"[\w+=,.@-]{1,64}", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
    ),
    "aws:kms/alias:Alias": Name(
        "name",
        r"alias/(?!aws/)[\w/-]{1,250}",
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html",
    ),
    "aws:lb/loadBalancer:LoadBalancer": Name(
        "name",
        r"(?!internal-)[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html",
    ),
    "aws:lb/targetGroup:TargetGroup": Name(
        "name",
        r"[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
    ),
    "aws:rds/instance:Instance": Name(
        "identifier",
        r"(?!.*--)[a-z][a-z0-9-]{0,61}[a-z0-9]",
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html",
    ),
    "aws:s3/bucket:Bucket": Name(
        "bucket",
        r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    ),
    "aws:secretsmanager/secret:Secret": Name(
        "name",
        r"(?!.*-[A-Za-z0-9]{6}$)[\w/+=.@-]{1,512}",
        "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html",
    ),
    "gcp:cloudrunv2/service:Service": Name(
        "name",
        r"[a-z][a-z0-9-]{0,47}[a-z0-9]",
        "https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services",
    ),
    "gcp:cloudrunv2/workerPool:WorkerPool": Name(
        "name",
        r"[a-z][a-z0-9-]{0,47}[a-z0-9]",
        "https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.workerPools",
    ),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": Name(
        "workloadIdentityPoolId",
        r"(?!gcp-)[a-z0-9-]{4,32}",
        "https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools",
    ),
    "gcp:secretmanager/secret:Secret": Name(
        "secretId",
        r"[\w-]{1,255}",
        "https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create",
    ),
    "gcp:serviceaccount/account:Account": Name(
        "accountId",
        r"(?=.{6,30}$)[a-z][-a-z0-9]*[a-z0-9]",
        "https://cloud.google.com/iam/docs/service-accounts-create",
    ),
    "gcp:sql/databaseInstance:DatabaseInstance": Name(
        "name", r"[a-z]([a-z0-9-]{0,82}[a-z0-9])", "https://cloud.google.com/sql/docs/postgres/instance-settings"
    ),
    "gcp:storage/bucket:Bucket": Name(
        "name", r"(?!goog)(?!.*google)[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]", "https://cloud.google.com/storage/docs/buckets"
    ),
    "azure-native:app:ContainerApp": Name("containerAppName", r"[a-z](?!.*--)[a-z0-9-]{0,30}[a-z0-9]", AZURE_RULES),
    "azure-native:containerregistry:Registry": Name("registryName", r"[A-Za-z0-9]{5,50}", AZURE_RULES),
    "azure-native:dbforpostgresql:Server": Name("serverName", r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", AZURE_RULES),
    "azure-native:keyvault:Key": Name("keyName", r"[A-Za-z0-9-]{1,127}", AZURE_RULES),
    "azure-native:keyvault:Secret": Name("secretName", r"[A-Za-z0-9-]{1,127}", AZURE_RULES),
    "azure-native:managedidentity:UserAssignedIdentity": Name("resourceName", r"[A-Za-z0-9][\w-]{2,127}", AZURE_RULES),
    "azure-native:monitor:ActionGroup": Name("groupShortName", r".{1,12}", AZURE_RULES),
    "azure-native:storage:StorageAccount": Name("accountName", r"[a-z0-9]{3,24}", AZURE_RULES),
    "azure-native:keyvault:Vault": Name("vaultName", r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]", AZURE_RULES),
    "azure-native:cdn:AFDEndpoint": Name("endpointName", r"[A-Za-z0-9][A-Za-z0-9-]{0,44}[A-Za-z0-9]", AZURE_RULES),
    "aws:cloudtrail/trail:Trail": Name(
        "name", r"[A-Za-z0-9][\w.-]{2,127}", f"{AWS}/awscloudtrail/latest/APIReference/API_CreateTrail.html"
    ),
    "aws:cloudwatch/logGroup:LogGroup": Name(
        "name", r"[\w./#-]{1,512}", f"{AWS}/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"
    ),
    "aws:ec2/securityGroup:SecurityGroup": Name(
        "name",
        r"(?!sg-)[\w .:/()#,@\[\]+=&;{}!$*-]{1,255}",
        f"{AWS}/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html",
    ),
    "aws:ecs/cluster:Cluster": Name(
        "name", r"[\w-]{1,255}", f"{AWS}/AmazonECS/latest/APIReference/API_CreateCluster.html"
    ),
    "aws:ecs/service:Service": Name(
        "name", r"[\w-]{1,255}", f"{AWS}/AmazonECS/latest/APIReference/API_CreateService.html"
    ),
    "aws:rds/parameterGroup:ParameterGroup": Name(
        "name",
        r"(?!.*--)[a-z][a-z0-9-]{0,253}[a-z0-9]",
        f"{AWS}/AmazonRDS/latest/APIReference/API_CreateDBParameterGroup.html",
    ),
    "aws:rds/subnetGroup:SubnetGroup": Name(
        "name",
        r"(?!default$)[a-z0-9][a-z0-9 ._-]{0,254}",
        f"{AWS}/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html",
    ),
    "aws:sns/topic:Topic": Name("name", r"[\w-]{1,256}", f"{AWS}/sns/latest/api/API_CreateTopic.html"),
    "aws:wafv2/webAcl:WebAcl": Name("name", r"[\w-]{1,128}", f"{AWS}/waf/latest/APIReference/API_CreateWebACL.html"),
    "gcp:artifactregistry/repository:Repository": Name(
        "repositoryId",
        r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
        f"{GOOGLE}/artifact-registry/docs/reference/rest/v1/projects.locations.repositories",
    ),
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": Name(
        "workloadIdentityPoolProviderId",
        r"(?!gcp-)[a-z0-9-]{4,32}",
        f"{GOOGLE}/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers/create",
    ),
    "gcp:kms/cryptoKey:CryptoKey": Name("name", r"[\w-]{1,63}", f"{GOOGLE}/kms/docs/getting-resource-ids"),
    "gcp:kms/keyRing:KeyRing": Name("name", r"[\w-]{1,63}", f"{GOOGLE}/kms/docs/getting-resource-ids"),
    "gcp:logging/projectSink:ProjectSink": Name(
        "name", r"[A-Za-z0-9][\w.-]{0,99}", f"{GOOGLE}/logging/docs/reference/v2/rest/v2/projects.sinks"
    ),
    "azure-native:frontdoor:Policy": Name("policyName", r"[A-Za-z][A-Za-z0-9]{0,127}", AZURE_RULES),
    "azure-native:network:VirtualNetwork": Name("virtualNetworkName", r"[A-Za-z0-9][\w.-]{0,62}\w", AZURE_RULES),
    "azure-native:operationalinsights:Workspace": Name(
        "workspaceName", r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]", AZURE_RULES
    ),
    "azure-native:resources:ResourceGroup": Name("resourceGroupName", r"[\w.()-]{0,89}[\w()-]", AZURE_RULES),
    **{
        f"gcp:compute/{kind}": Name("name", r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", COMPUTE)
        for kind in _COMPUTE_TYPES.split()
    },
    **{
        f"azure-native:network:{kind}": Name(field, _NETWORK_NAME, AZURE_RULES)
        for kind, field in _NETWORK_TYPES.items()
    },
}
"""By type. A name that a program leaves to the SDK counts as well (names.py)."""
