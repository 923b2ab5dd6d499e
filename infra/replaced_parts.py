"""The rest of the table in replacements.py: types that hold no rows and no pictures, one line each. Imports no Pulumi.

Each line, with the indented one that may follow: the type, then the properties whose change replaces it. They are what
the SDK's own words say, and what the identifier is made of; the others were read on 2026-11-25 in
- AWS: CloudFormation's resource schemas (`createOnlyProperties`, as cfn-lint 1.58 carries them), the pages of Terraform's
  provider for S3, and for KMS the API's own (`CreateKey`);
- GCP: Magic Modules (`immutable`), which the provider is made from, its own source for databases, buckets and IAM
  (`ForceNew`), and the resource definitions of Config Connector ("Immutable."), which are made from the provider;
- Azure: the provider's own rule (pulumi-azure-native, provider/pkg/gen: replacement.go, properties.go), by which what
  stands in the path replaces, a location that the common type `TrackedResource` has, and nothing nested.
A `?` marks what was found nowhere and is written from knowledge; the preview says so. Whatever is not here is "not known".
"""

NESTED = "Azure refuses it on a resource that stands, and the provider does not replace one for a nested property"
PLACED = "Azure moves no resource, and the provider does not replace one for it by itself"

AWS = """
acm/certificate:Certificate certificateAuthorityArn domainName keyAlgorithm subjectAlternativeNames validationMethod?
    validationOptions
acm/certificateValidation:CertificateValidation certificateArn? validationRecordFqdns?
appautoscaling/policy:Policy name resourceId scalableDimension serviceNamespace
appautoscaling/target:Target resourceId scalableDimension serviceNamespace
cloudfront/distribution:Distribution staging?
cloudfront/vpcOrigin:VpcOrigin
cloudtrail/trail:Trail name
cloudwatch/logGroup:LogGroup logGroupClass? name namePrefix
cloudwatch/logMetricFilter:LogMetricFilter logGroupName name
cloudwatch/metricAlarm:MetricAlarm name
ec2/customerGateway:CustomerGateway bgpAsn bgpAsnExtended certificateArn deviceName ipAddress type
ec2/defaultSecurityGroup:DefaultSecurityGroup vpcId?
ec2/eip:Eip address customerOwnedIpv4Pool? domain? ipamPoolId networkBorderGroup publicIpv4Pool?
ec2/flowLog:FlowLog deliverCrossAccountRole destinationOptions iamRoleArn logDestination logDestinationType logFormat
    maxAggregationInterval trafficType vpcId
ec2/internetGateway:InternetGateway
ec2/natGateway:NatGateway allocationId connectivityType privateIp subnetId
ec2/route:Route destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId routeTableId
ec2/routeTable:RouteTable vpcId
ec2/routeTableAssociation:RouteTableAssociation gatewayId? subnetId
ec2/securityGroup:SecurityGroup description name namePrefix vpcId
ec2/vpc:Vpc cidrBlock ipv4IpamPoolId ipv4NetmaskLength
ec2/vpcEndpoint:VpcEndpoint resourceConfigurationArn serviceName serviceNetworkArn serviceRegion vpcEndpointType vpcId
ec2/vpnConnection:VpnConnection enableAcceleration outsideIpAddressType staticRoutesOnly
    transportTransitGatewayAttachmentId tunnelInsideIpVersion type
ec2/vpnGateway:VpnGateway amazonSideAsn availabilityZone?
ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation routeTableId? vpnGatewayId?
ecr/repository:Repository encryptionConfigurations name
ecs/cluster:Cluster name
ecs/service:Service cluster launchType name schedulingStrategy
ecs/taskDefinition:TaskDefinition containerDefinitions cpu enableFaultInjection ephemeralStorage executionRoleArn
    family ipcMode memory networkMode pidMode placementConstraints proxyConfiguration requiresCompatibilities
    runtimePlatform taskRoleArn volumes
iam/openIdConnectProvider:OpenIdConnectProvider url
iam/outboundWebIdentityFederation:OutboundWebIdentityFederation
iam/role:Role name namePrefix path
iam/rolePolicy:RolePolicy name namePrefix role
iam/rolePolicyAttachment:RolePolicyAttachment policyArn? role?
kms/alias:Alias name namePrefix
lb/listener:Listener loadBalancerArn
lb/loadBalancer:LoadBalancer internal loadBalancerType name namePrefix
lb/targetGroup:TargetGroup ipAddressType name namePrefix port protocol protocolVersion targetType vpcId
rds/parameterGroup:ParameterGroup description family name namePrefix
rds/subnetGroup:SubnetGroup name namePrefix
s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration bucket expectedBucketOwner
s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration bucket expectedBucketOwner objectLockEnabled
s3/bucketOwnershipControls:BucketOwnershipControls bucket?
s3/bucketPolicy:BucketPolicy bucket
s3/bucketPublicAccessBlock:BucketPublicAccessBlock bucket?
s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration bucket expectedBucketOwner
s3/bucketVersioning:BucketVersioning bucket expectedBucketOwner
secretsmanager/secretVersion:SecretVersion secretBinary? secretId? secretString?
sns/topic:Topic fifoTopic name namePrefix
sns/topicSubscription:TopicSubscription endpoint protocol topic
vpc/securityGroupEgressRule:SecurityGroupEgressRule securityGroupId
vpc/securityGroupIngressRule:SecurityGroupIngressRule securityGroupId
wafv2/webAcl:WebAcl name namePrefix scope
"""

GCP = """
artifactregistry/repository:Repository format? kmsKeyName location mode? project repositoryId
certificatemanager/certificate:Certificate location managed name project scope selfManaged
certificatemanager/certificateMap:CertificateMap name project
certificatemanager/certificateMapEntry:CertificateMapEntry hostname map matcher name project
certificatemanager/dnsAuthorization:DnsAuthorization domain location name project type
cloudrunv2/service:Service location name project
cloudrunv2/workerPool:WorkerPool location name project
compute/address:Address address addressType description ipVersion name networkTier prefixLength project purpose region
    subnetwork?
compute/backendService:BackendService loadBalancingScheme? name project
compute/externalVpnGateway:ExternalVpnGateway description interfaces name project redundancyType
compute/firewall:Firewall direction name project
compute/globalAddress:GlobalAddress address addressType description ipVersion name network prefixLength project
    purpose
compute/globalForwardingRule:GlobalForwardingRule ipAddress? ipProtocol? name portRange? project
compute/haVpnGateway:HaVpnGateway description gatewayIpVersion name network project region stackType vpnInterfaces
compute/networkPeeringRoutesConfig:NetworkPeeringRoutesConfig network peering project
compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup cloudRun? name networkEndpointType? project region
compute/router:Router encryptedInterconnectRouter name network project region
compute/routerInterface:RouterInterface interconnectAttachment ipRange name privateIpAddress project
    redundantInterface region router subnetwork vpnTunnel
compute/routerNat:RouterNat name project region router
compute/routerPeer:RouterPeer interface? name project region router
compute/routerRoutePolicy:RouterRoutePolicy name project region router
compute/sSLPolicy:SSLPolicy description name project
compute/securityPolicy:SecurityPolicy name project type?
compute/targetHttpProxy:TargetHttpProxy name project proxyBind?
compute/targetHttpsProxy:TargetHttpsProxy description httpKeepAliveTimeoutSec name project proxyBind tlsEarlyData
compute/uRLMap:URLMap name project
compute/vPNTunnel:VPNTunnel description ikeVersion localTrafficSelectors name peerExternalGateway
    peerExternalGatewayInterface peerGcpGateway peerIp project region remoteTrafficSelectors router sharedSecret
    targetVpnGateway vpnGateway vpnGatewayInterface
dns/managedZone:ManagedZone dnsName name project reverseLookup serviceDirectoryConfig visibility
dns/recordSet:RecordSet managedZone? name project
iam/workloadIdentityPool:WorkloadIdentityPool mode project workloadIdentityPoolId
iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider project workloadIdentityPoolId workloadIdentityPoolProviderId
kms/cryptoKeyIAMMember:CryptoKeyIAMMember condition cryptoKeyId? member role
kms/keyRing:KeyRing location name project
logging/metric:Metric project?
logging/projectBucketConfig:ProjectBucketConfig bucketId location project
logging/projectSink:ProjectSink name project?
monitoring/alertPolicy:AlertPolicy project
monitoring/notificationChannel:NotificationChannel project?
networkmanagement/vpcFlowLogsConfig:VpcFlowLogsConfig location project vpcFlowLogsConfigId
projects/iAMAuditConfig:IAMAuditConfig project? service?
projects/iAMMember:IAMMember condition member project? role
projects/service:Service project? service
projects/serviceIdentity:ServiceIdentity project? service?
secretmanager/secretIamMember:SecretIamMember condition member project role secretId
secretmanager/secretVersion:SecretVersion isSecretDataBase64 secret secretData secretDataWoVersion
serviceaccount/iAMMember:IAMMember condition member role serviceAccountId?
servicenetworking/connection:Connection network? service
sql/database:Database instance name project
storage/bucketIAMMember:BucketIAMMember bucket? condition member role
"""

AZURE = """
app:ContainerApp containerAppName location resourceGroupName
app:ManagedEnvironment environmentName location resourceGroupName
authorization:ManagementLockByScope lockName scope
authorization:RoleDefinition roleDefinitionId scope
cdn:AFDCustomDomain customDomainName profileName resourceGroupName
cdn:AFDEndpoint endpointName location profileName resourceGroupName
cdn:AFDOrigin originGroupName originName profileName resourceGroupName
cdn:AFDOriginGroup originGroupName profileName resourceGroupName
cdn:Profile location profileName resourceGroupName
cdn:Route endpointName profileName resourceGroupName routeName
cdn:Secret profileName resourceGroupName secretName
cdn:SecurityPolicy profileName resourceGroupName securityPolicyName
containerregistry:Registry location registryName resourceGroupName
dbforpostgresql:Configuration configurationName resourceGroupName serverName
dbforpostgresql:Database databaseName resourceGroupName serverName
frontdoor:Policy location? policyName resourceGroupName
keyvault:Secret resourceGroupName secretName vaultName
managedidentity:FederatedIdentityCredential federatedIdentityCredentialResourceName resourceGroupName resourceName
managedidentity:UserAssignedIdentity location resourceGroupName resourceName
monitor:ActionGroup actionGroupName location resourceGroupName
monitor:DiagnosticSetting name resourceUri
monitor:MetricAlert location? resourceGroupName ruleName
monitor:ScheduledQueryRule location resourceGroupName ruleName
monitor:SubscriptionDiagnosticSetting name
network:FlowLog flowLogName networkWatcherName resourceGroupName
network:LocalNetworkGateway localNetworkGatewayName resourceGroupName
network:NatGateway natGatewayName resourceGroupName
network:NetworkSecurityGroup networkSecurityGroupName resourceGroupName
network:RouteTable resourceGroupName routeTableName
network:SecurityRule networkSecurityGroupName resourceGroupName securityRuleName
network:VirtualNetworkGateway resourceGroupName virtualNetworkGatewayName
network:VirtualNetworkGatewayConnection resourceGroupName virtualNetworkGatewayConnectionName
operationalinsights:Workspace location resourceGroupName workspaceName
privatedns:PrivateRecordSet privateZoneName recordType relativeRecordSetName resourceGroupName
privatedns:PrivateZone location? privateZoneName resourceGroupName
privatedns:VirtualNetworkLink location? privateZoneName resourceGroupName virtualNetworkLinkName
storage:BlobServiceProperties accountName blobServicesName resourceGroupName
storage:ManagementPolicy accountName managementPolicyName resourceGroupName
"""

DESTROYS = {
    "aws:acm/certificate:Certificate": "the certificate, until the DNS proves the name again",
    "aws:cloudfront/distribution:Distribution": "the edge's own name: the app's CNAME must point at the new one",
    "aws:cloudtrail/trail:Trail": "nothing that was logged; acts until the new trail stands are not logged",
    "aws:cloudwatch/logGroup:LogGroup": "every line in the log",
    "aws:ec2/eip:Eip": "the public address: peers and allow lists still name the old one",
    "aws:ec2/vpc:Vpc": "the private network, and every subnet, address and tunnel in it",
    "aws:ec2/vpnConnection:VpnConnection": "two tunnels, and their public addresses, which the peers' settings name",
    "aws:ec2/vpnGateway:VpnGateway": "every tunnel of this site",
    "aws:ecr/repository:Repository": "every image in the repository",
    "azure-native:app:ManagedEnvironment": "every process of the site, and the name at which the edge finds web",
    "azure-native:cdn:AFDEndpoint": "the edge's own name: the app's CNAME must point at the new one",
    "azure-native:cdn:Profile": "the whole edge with its name",
    "azure-native:containerregistry:Registry": "every image in the registry",
    "azure-native:dbforpostgresql:Database": "every row of this site's database",
    "azure-native:managedidentity:UserAssignedIdentity": "the identity, and every grant to it",
    "azure-native:network:VirtualNetworkGateway": "every tunnel of this site, for the better part of an hour",
    "azure-native:operationalinsights:Workspace": "every line in the site's logs",
    "gcp:artifactregistry/repository:Repository": "every image in the repository",
    "gcp:compute/address:Address": "the public address: peers and allow lists still name the old one",
    "gcp:compute/globalAddress:GlobalAddress": "the address: the DNS and whoever wrote it down still name the old one",
    "gcp:compute/haVpnGateway:HaVpnGateway": "every tunnel of this site, and its addresses, which the peers' settings name",
    "gcp:compute/vPNTunnel:VPNTunnel": "the tunnel, until the new one stands",
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": "every way in through it; its name stays taken for 30 days",
    "gcp:kms/keyRing:KeyRing": "nothing at all: a ring stays for ever, and so does its name",
    "gcp:sql/database:Database": "every row of this site's database",
}
"""What is lost when one of them is replaced; the others are made again from the description without loss."""

SOMETIMES = {
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"privateDnsEnabled": "update on an Interface endpoint, replace on any other"},
    "aws:lb/loadBalancer:LoadBalancer": {
        "secondaryIpsAutoAssignedPerSubnet": "replace if it falls, update if it grows",
        "securityGroups": "update; on a network load balancer replace if the first is added or the last is taken away",
        "subnets": "update; on a network load balancer replace if one is taken away",
    },
    **{
        f"azure-native:network:{name}": {"location": PLACED}
        for name in (
            "FlowLog",
            "LocalNetworkGateway",
            "NatGateway",
            "NetworkSecurityGroup",
            "RouteTable",
            "VirtualNetworkGateway",
            "VirtualNetworkGatewayConnection",
        )
    },
}
"""What replaces only under a condition, in the words of the providers' pages."""
