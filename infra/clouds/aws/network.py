"""Network: a VPC over two zones, one address for all that leaves it, and a log of every flow."""

import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.aws.keys import encryption_key
from infra.clouds.aws.roles import allow, service_role
from infra.spec import SiteSpec, halves

LOG_DAYS = 90


class Network(Capability):
    """Three tiers in two zones: public (the NAT gateway alone), services (out through it), database (by the link)."""

    def __init__(self, name: str, spec: SiteSpec, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.vpc = self._vpc()
        self.key = encryption_key(self, for_logs=True)
        public = self._subnets("public", spec.network.public_cidr)
        self.services_subnets = self._subnets("services", spec.network.services_cidr)
        self.database_subnets = self._subnets("database", spec.network.database_cidr)
        address, nat = self._way_out(public)
        self.services_routes = self._routes("services", self.services_subnets)
        self.database_routes = self._routes("database", self.database_subnets)
        aws.ec2.Route(
            self.child("services-out"),
            route_table_id=self.services_routes.id,
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=nat.id,
            opts=self.inside(),
        )
        self._store_endpoint()
        self._flow_log()
        self.egress_address = address.public_ip
        self.register_outputs({"egress_address": self.egress_address})

    def _vpc(self) -> aws.ec2.Vpc:
        vpc = aws.ec2.Vpc(
            self.child("vpc"),
            cidr_block=self.spec.network.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._named("vpc"),
            opts=self.inside(),
        )
        # Without rules: whatever is put into the default group by mistake can talk to nobody.
        aws.ec2.DefaultSecurityGroup(
            self.child("default"), vpc_id=vpc.id, ingress=[], egress=[], tags=self._named("default"), opts=self.inside()
        )
        return vpc

    def _named(self, part: str) -> dict[str, str]:
        return {**self.tags, "Name": self.child(part)}

    def _subnets(self, tier: str, cidr: str) -> list[aws.ec2.Subnet]:
        return [
            aws.ec2.Subnet(
                self.child(f"{tier}-{number}"),
                vpc_id=self.vpc.id,
                cidr_block=half,
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags=self._named(f"{tier}-{number}"),
                opts=self.inside(),
            )
            for number, (zone, half) in enumerate(zip(self.spec.zones, halves(cidr), strict=True), start=1)
        ]

    def _routes(self, tier: str, subnets: list[aws.ec2.Subnet]) -> aws.ec2.RouteTable:
        table = aws.ec2.RouteTable(self.child(tier), vpc_id=self.vpc.id, tags=self._named(tier), opts=self.inside())
        for number, subnet in enumerate(subnets, start=1):
            aws.ec2.RouteTableAssociation(
                self.child(f"{tier}-{number}"), route_table_id=table.id, subnet_id=subnet.id, opts=self.inside()
            )
        return table

    def _way_out(self, public: list[aws.ec2.Subnet]) -> tuple[aws.ec2.Eip, aws.ec2.NatGateway]:
        """One address means one NAT gateway in one zone: losing that zone cuts what leaves, not what comes in."""
        gateway = aws.ec2.InternetGateway(
            self.child("internet"), vpc_id=self.vpc.id, tags=self._named("internet"), opts=self.inside()
        )
        routes = self._routes("public", public)
        out = aws.ec2.Route(
            self.child("public-out"),
            route_table_id=routes.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self.inside(),
        )
        # Kept on a mistaken destroy: the address is written into other parties' allow lists.
        address = aws.ec2.Eip(
            self.child("egress"), domain="vpc", tags=self._named("egress"), opts=self.guarded(depends_on=[gateway])
        )
        nat = aws.ec2.NatGateway(
            self.child("nat"),
            allocation_id=address.id,
            subnet_id=public[0].id,
            tags=self._named("nat"),
            opts=self.inside(depends_on=[out]),
        )
        return address, nat

    def _store_endpoint(self) -> None:
        aws.ec2.VpcEndpoint(
            self.child("stores"),
            vpc_id=self.vpc.id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{self.spec.region}.s3",
            route_table_ids=[self.services_routes.id],
            tags=self._named("stores"),
            opts=self.inside(),
        )

    def _flow_log(self) -> None:
        group = aws.cloudwatch.LogGroup(
            self.child("flows"),
            retention_in_days=LOG_DAYS,
            kms_key_id=self.key.arn,
            tags=self.tags,
            opts=self.inside(depends_on=[self.key]),
        )
        write = allow(
            ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            group.arn.apply(lambda arn: f"{arn}:*"),
        )
        role = service_role(
            self, "flows", "vpc-flow-logs.amazonaws.com", [write, allow(["logs:DescribeLogGroups"], "*")]
        )
        aws.ec2.FlowLog(
            self.child("flows"),
            vpc_id=self.vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags=self._named("flows"),
            opts=self.inside(),
        )
