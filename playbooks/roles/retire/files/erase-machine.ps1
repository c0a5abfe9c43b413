# rollout-script: erase-machine
# Windows' protected wipe, ordered as SYSTEM through its management interface; the answer describes the
# disk that is erased. It cannot be called back.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $Serial
)
$ErrorActionPreference = 'Stop'
$found = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
if ($found -cne $Serial) { throw "Refused: this machine has serial $found, the order is for $Serial." }
$disks = @(Get-CimInstance -ClassName Win32_DiskDrive | ForEach-Object {
        @{ model = [string]$_.Model; serial = ([string]$_.SerialNumber).Trim(); bytes = [long]$_.Size } })
$volume = Get-BitLockerVolume -MountPoint C:
$Ansible.Result = @{
    method = 'Windows protected wipe (MDM RemoteWipe)'
    disks = $disks
    encrypted = "$($volume.VolumeStatus)" -eq 'FullyEncrypted'
    ordered_at = (Get-Date).ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ')
}
if (-not $PSCmdlet.ShouldProcess($Serial, 'erase everything')) { return }
$place = @{ Namespace = 'root\cimv2\mdm\dmmap' }
$wipe = Get-CimInstance @place -ClassName MDM_RemoteWipe -Filter "ParentID='./Vendor/MSFT' and InstanceID='RemoteWipe'"
$parameters = New-Object Microsoft.Management.Infrastructure.CimMethodParametersCollection
$parameters.Add([Microsoft.Management.Infrastructure.CimMethodParameter]::Create('param', '', 'String', 'In'))
$session = New-CimSession
try { $null = $session.InvokeMethod($place.Namespace, $wipe, 'doWipeProtectedMethod', $parameters) }
finally { Remove-CimSession -CimSession $session }
