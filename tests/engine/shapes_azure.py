"""What Azure answers; a resource's identifier is its path in Azure Resource Manager, made of the names it was given."""

import re
from collections.abc import Mapping
from typing import Any

from tests.engine.shapes import Shape

GROUP = "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}"

ACCOUNT = "Microsoft.Storage/storageAccounts/{accountName}"
CONTAINER = ACCOUNT + "/blobServices/default/containers/{containerName}"
ENDPOINT = "Microsoft.Cdn/profiles/{profileName}/afdEndpoints/{endpointName}"
ENVIRONMENT = "Microsoft.App/managedEnvironments/{environmentName}"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}"
NSG = "Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}"
ORIGINS = "Microsoft.Cdn/profiles/{profileName}/originGroups/{originGroupName}"
PRIVATE_ENDPOINT = "Microsoft.Network/privateEndpoints/{privateEndpointName}"
PROFILE = "Microsoft.Cdn/profiles/{profileName}"
ROUTE_TABLE = "Microsoft.Network/routeTables/{routeTableName}"
RULES = "Microsoft.Cdn/profiles/{profileName}/ruleSets/{ruleSetName}"
SERVER = "Microsoft.DBforPostgreSQL/flexibleServers/{serverName}"
VAULT = "Microsoft.KeyVault/vaults/{vaultName}"
VNET = "Microsoft.Network/virtualNetworks/{virtualNetworkName}"
WATCHER = "Microsoft.Network/networkWatchers/{networkWatcherName}"
ZONE = "Microsoft.Network/privateDnsZones/{privateZoneName}"

PATHS = {
    "network:VirtualNetwork": VNET,
    "network:Subnet": VNET + "/subnets/{subnetName}",
    "network:NatGateway": "Microsoft.Network/natGateways/{natGatewayName}",
    "network:PublicIPAddress": "Microsoft.Network/publicIPAddresses/{publicIpAddressName}",
    "network:PublicIPPrefix": "Microsoft.Network/publicIPPrefixes/{publicIpPrefixName}",
    "network:NetworkSecurityGroup": NSG,
    "network:SecurityRule": NSG + "/securityRules/{securityRuleName}",
    "network:NetworkWatcher": WATCHER,
    "network:FlowLog": WATCHER + "/flowLogs/{flowLogName}",
    "network:PrivateEndpoint": PRIVATE_ENDPOINT,
    "network:PrivateDnsZoneGroup": PRIVATE_ENDPOINT + "/privateDnsZoneGroups/{privateDnsZoneGroupName}",
    "network:VirtualNetworkGateway": "Microsoft.Network/virtualNetworkGateways/{virtualNetworkGatewayName}",
    "network:LocalNetworkGateway": "Microsoft.Network/localNetworkGateways/{localNetworkGatewayName}",
    "network:VirtualNetworkGatewayConnection": "Microsoft.Network/connections/{virtualNetworkGatewayConnectionName}",
    "network:RouteTable": ROUTE_TABLE,
    "network:Route": ROUTE_TABLE + "/routes/{routeName}",
    "privatedns:PrivateZone": ZONE,
    "privatedns:VirtualNetworkLink": ZONE + "/virtualNetworkLinks/{virtualNetworkLinkName}",
    "keyvault:Vault": VAULT,
    "keyvault:Key": VAULT + "/keys/{keyName}",
    "keyvault:Secret": VAULT + "/secrets/{secretName}",
    "containerregistry:Registry": "Microsoft.ContainerRegistry/registries/{registryName}",
    "dbforpostgresql:Server": SERVER,
    "dbforpostgresql:Configuration": SERVER + "/configurations/{configurationName}",
    "dbforpostgresql:Database": SERVER + "/databases/{databaseName}",
    "dbforpostgresql:FirewallRule": SERVER + "/firewallRules/{firewallRuleName}",
    "storage:StorageAccount": ACCOUNT,
    "storage:BlobContainer": CONTAINER,
    "storage:BlobServiceProperties": ACCOUNT + "/blobServices/{blobServicesName}",
    "storage:ManagementPolicy": ACCOUNT + "/managementPolicies/{managementPolicyName}",
    "storage:BlobContainerImmutabilityPolicy": CONTAINER + "/immutabilityPolicies/{immutabilityPolicyName}",
    "app:ManagedEnvironment": ENVIRONMENT,
    "app:ContainerApp": "Microsoft.App/containerApps/{containerAppName}",
    "app:Job": "Microsoft.App/jobs/{jobName}",
    "app:Certificate": ENVIRONMENT + "/certificates/{certificateName}",
    "operationalinsights:Workspace": "Microsoft.OperationalInsights/workspaces/{workspaceName}",
    "cdn:Profile": PROFILE,
    "cdn:AFDEndpoint": ENDPOINT,
    "cdn:AFDOriginGroup": ORIGINS,
    "cdn:AFDOrigin": ORIGINS + "/origins/{originName}",
    "cdn:Route": ENDPOINT + "/routes/{routeName}",
    "cdn:AFDCustomDomain": PROFILE + "/customDomains/{customDomainName}",
    "cdn:RuleSet": RULES,
    "cdn:Rule": RULES + "/rules/{ruleName}",
    "cdn:SecurityPolicy": PROFILE + "/securityPolicies/{securityPolicyName}",
    "cdn:Secret": PROFILE + "/secrets/{secretName}",
    "frontdoor:Policy": "Microsoft.Network/frontDoorWebApplicationFirewallPolicies/{policyName}",
    "monitor:MetricAlert": "Microsoft.Insights/metricAlerts/{ruleName}",
    "monitor:ScheduledQueryRule": "Microsoft.Insights/scheduledQueryRules/{ruleName}",
    "monitor:ActionGroup": "Microsoft.Insights/actionGroups/{actionGroupName}",
    "monitor:ActivityLogAlert": "Microsoft.Insights/activityLogAlerts/{activityLogAlertName}",
    "managedidentity:UserAssignedIdentity": IDENTITY,
    "managedidentity:FederatedIdentityCredential": IDENTITY
    + "/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}",
}
"""The path of each type inside its resource group, with the inputs that name each level."""

SCOPED = {
    "authorization:ManagementLockByScope": "Microsoft.Authorization/locks/{lockName}",
    "authorization:RoleAssignment": "Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    "authorization:RoleDefinition": "Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
}
"""The path of each type that hangs on any other resource, below that resource's own path."""

COMPUTED: dict[str, Mapping[str, Any]] = {
    "app:ContainerApp": {
        "latestRevisionName": "{name}--{hex12}",
        "latestRevisionFqdn": "{name}--{hex12}.{region}.azurecontainerapps.io",
        "outboundIpAddresses": ["{public_address}"],
    },
    "app:ManagedEnvironment": {
        "defaultDomain": "{hex12}.{region}.azurecontainerapps.io",
        "staticIp": "{private_address}",
    },
    "cdn:AFDCustomDomain": {
        "validationProperties": {"validationToken": "{hex}", "expirationDate": "2026-01-08T00:00:00Z"},
        "domainValidationState": "Pending",
    },
    "cdn:AFDEndpoint": {"hostName": "{name}-{hex12}.z01.azurefd.net"},
    "containerregistry:Registry": {"loginServer": "{name}.azurecr.io"},
    "dbforpostgresql:Server": {"fullyQualifiedDomainName": "{name}.postgres.database.azure.com", "state": "Ready"},
    "keyvault:Key": {"keyUri": "https://{vaultName}.vault.azure.net/keys/{name}"},
    "keyvault:Secret": {"properties": {"secretUri": "https://{vaultName}.vault.azure.net/secrets/{name}"}},
    "keyvault:Vault": {"properties": {"vaultUri": "https://{name}.vault.azure.net/"}},
    "managedidentity:UserAssignedIdentity": {
        "clientId": "{uuid}",
        "principalId": "{second_uuid}",
        "tenantId": "{tenant}",
    },
    "network:PublicIPAddress": {"ipAddress": "{public_address}"},
    "operationalinsights:Workspace": {"customerId": "{uuid}"},
    "storage:StorageAccount": {
        "primaryEndpoints": {
            "blob": "https://{name}.blob.core.windows.net/",
            "dfs": "https://{name}.dfs.core.windows.net/",
            "web": "https://{name}.z6.web.core.windows.net/",
        },
        "primaryLocation": "{region}",
    },
}
"""What a type answers beside its name, type and identifier; a mapping is merged into what the program gave."""


def shape(kind: str, path: str, within: str) -> Shape:
    """Return the shape of a type whose path below `within` is known."""
    levels = [part for part in path.split("/") if not part.startswith("{") and part != "default"]
    named_by = re.findall(r"{(\w+)}", path)[-1]
    return Shape(f"{within}/providers/{path}", {"type": "/".join(levels), **COMPUTED.get(kind, {})}, named_by)


AZURE = {
    **{f"azure-native:{kind}": shape(kind, path, GROUP) for kind, path in PATHS.items()},
    **{f"azure-native:{kind}": shape(kind, path, "{scope}") for kind, path in SCOPED.items()},
    "azure-native:monitor:DiagnosticSetting": Shape(
        "{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}"
    ),
    "azure-native:monitor:SubscriptionDiagnosticSetting": Shape(
        "/subscriptions/{subscription}/providers/Microsoft.Insights/diagnosticSettings/{name}"
    ),
    "azure-native:resources:ResourceGroup": Shape(
        GROUP, {"type": "Microsoft.Resources/resourceGroups"}, "resourceGroupName"
    ),
}
