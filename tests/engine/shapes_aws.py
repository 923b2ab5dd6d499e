"""What AWS answers: identifiers and addresses in the forms that its consumers take apart."""

from tests.engine.shapes import Shape

HOST = "{name}.{hex12}.{region}.rds.amazonaws.com"

AWS = {
    "aws:acm/certificate:Certificate": Shape(
        "{arn}",
        {
            "status": "ISSUED",
            "domainValidationOptions": [
                {
                    "domainName": "{domainName}",
                    "resourceRecordName": "_{hex}.{domainName}.",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": "_{hex12}.acm-validations.aws.",
                }
            ],
        },
    ),
    "aws:appautoscaling/target:Target": Shape("{resourceId}|{scalableDimension}"),
    "aws:cloudfront/distribution:Distribution": Shape(
        "E{hex12}", {"domainName": "{hex}.cloudfront.net", "hostedZoneId": "Z2FDTNDATAQYW2", "status": "Deployed"}
    ),
    "aws:cloudfront/vpcOrigin:VpcOrigin": Shape("vo_{hex}"),
    "aws:cloudwatch/logGroup:LogGroup": Shape("{name}"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Shape("{name}"),
    "aws:ec2/customerGateway:CustomerGateway": Shape("cgw-{hex}"),
    "aws:ec2/eip:Eip": Shape(
        "eipalloc-{hex}",
        {"publicIp": "{public_address}", "address": "{public_address}", "allocationId": "eipalloc-{hex}"},
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Shape("rtbassoc-{hex}"),
    "aws:ec2/natGateway:NatGateway": Shape(
        "nat-{hex}", {"publicIp": "{public_address}", "privateIp": "{private_address}"}
    ),
    "aws:ec2/vpnConnection:VpnConnection": Shape(
        "vpn-{hex}",
        {
            "tunnel1Address": "{public_address}",
            "tunnel2Address": "{second_public_address}",
            "tunnel1BgpAsn": "64512",
            "tunnel2BgpAsn": "64512",
        },
    ),
    "aws:ec2/vpnGateway:VpnGateway": Shape("vgw-{hex}"),
    "aws:ecr/repository:Repository": Shape(
        "{name}", {"registryId": "{account}", "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}"}
    ),
    "aws:ecs/cluster:Cluster": Shape("{arn}"),
    "aws:ecs/service:Service": Shape("{arn}"),
    "aws:ecs/taskDefinition:TaskDefinition": Shape(
        # A change makes a new revision beside the old one, so the family alone names neither.
        "{family}:{serial}",
        {"revision": 1, "arn": "{arn}:{serial}", "arnWithoutRevision": "{arn}"},
    ),
    "aws:iam/instanceProfile:InstanceProfile": Shape("{name}", {"uniqueId": "AIPA{hex}"}),
    "aws:iam/policy:Policy": Shape("{arn}"),
    "aws:iam/role:Role": Shape("{name}", {"uniqueId": "AROA{hex}"}),
    "aws:iam/rolePolicy:RolePolicy": Shape("{role}:{name}"),
    "aws:kms/alias:Alias": Shape("{name}", {"targetKeyArn": "arn:aws:kms:{region}:{account}:key/{targetKeyId}"}),
    "aws:kms/key:Key": Shape("{uuid}", {"keyId": "{uuid}", "arn": "arn:aws:kms:{region}:{account}:key/{uuid}"}),
    "aws:lb/loadBalancer:LoadBalancer": Shape(
        "{arn}", {"dnsName": "internal-{name}.{region}.elb.amazonaws.com", "arnSuffix": "app/{name}/{hex12}"}
    ),
    "aws:lb/targetGroup:TargetGroup": Shape("{arn}", {"arnSuffix": "targetgroup/{name}/{hex12}"}),
    "aws:lb/listener:Listener": Shape("{arn}"),
    "aws:rds/instance:Instance": Shape(
        "db-{hex}",
        {"address": HOST, "endpoint": f"{HOST}:5432", "port": 5432, "status": "available", "resourceId": "db-{hex}"},
        "identifier",
    ),
    "aws:rds/parameterGroup:ParameterGroup": Shape("{name}"),
    "aws:rds/subnetGroup:SubnetGroup": Shape("{name}", {"vpcId": "vpc-{hex}"}),
    "aws:s3/bucket:Bucket": Shape(
        "{name}",
        {
            "arn": "arn:aws:s3:::{name}",
            "bucketDomainName": "{name}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{name}.s3.{region}.amazonaws.com",
        },
        "bucket",
    ),
    "aws:secretsmanager/secret:Secret": Shape("{arn}"),
    "aws:secretsmanager/secretVersion:SecretVersion": Shape("{secretId}|{hex}", {"versionStages": ["AWSCURRENT"]}),
    "aws:sns/topic:Topic": Shape("{arn}"),
    "aws:wafv2/webAcl:WebAcl": Shape("{uuid}"),
}
