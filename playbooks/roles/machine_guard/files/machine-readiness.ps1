# rollout-script: machine-readiness
# What must hold before anything destructive; all problems at once. Reads only.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [bool] $RequireAcPower,
    [Parameter(Mandatory)] [int] $MinimumFreeGb,
    [Parameter(Mandatory)] [bool] $RequireTpm,
    [Parameter(Mandatory)] [bool] $RefuseSignedInUser,
    [Parameter(Mandatory)] [bool] $AskDirectory
)
$ErrorActionPreference = 'Stop'
$problems = New-Object System.Collections.Generic.List[string]

function Get-DirectoryKey {
    # Names of the recovery objects below this computer's own: 'TIME{GUID}'. The key itself is not read.
    $me = ([adsisearcher]"(&(objectCategory=computer)(sAMAccountName=$env:COMPUTERNAME`$))").FindOne()
    if ($null -eq $me) { return @() }
    $below = New-Object DirectoryServices.DirectorySearcher($me.GetDirectoryEntry(),
        '(objectClass=msFVE-RecoveryInformation)', [string[]]@('name'))
    $found = $below.FindAll()
    try {
        foreach ($entry in $found) {
            if ([string]$entry.Properties['name'][0] -match '\{[0-9A-Fa-f-]{36}\}') { $Matches[0].ToUpperInvariant() }
        }
    }
    finally { $found.Dispose() }
}

# A desktop has no battery; BatteryStatus 1, 4 and 5 mean that a battery is being drained.
$battery = Get-CimInstance -ClassName Win32_Battery
$draining = @($battery | Where-Object { $_.BatteryStatus -in 1, 4, 5 }).Count -gt 0
if ($RequireAcPower -and $draining) { $problems.Add('runs on battery: plug it in') }

$disk = Get-CimInstance -ClassName Win32_LogicalDisk -Filter "DeviceID='C:'"
$free = [int][math]::Floor($disk.FreeSpace / 1GB)
if ($free -lt $MinimumFreeGb) { $problems.Add("only $free GB free on C:, needs $MinimumFreeGb") }

$tpm = (Get-Tpm).TpmReady
if ($RequireTpm -and -not $tpm) { $problems.Add('TPM absent or not ready: enable it in the firmware') }

$pending = (Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending') -or
    (Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired')
if ($pending) { $problems.Add('a restart is pending: restart it first') }

$user = [string](Get-CimInstance -ClassName Win32_ComputerSystem).UserName
if ($RefuseSignedInUser -and $user) { $problems.Add("$user is signed in: ask to sign out") }

# Encrypted and half encrypted alike: whoever has to open the disk after a failed reimage needs the key.
$volume = Get-BitLockerVolume -MountPoint C:
$encrypted = "$($volume.VolumeStatus)" -ne 'FullyDecrypted'
$keys = @($volume.KeyProtector | Where-Object { "$($_.KeyProtectorType)" -eq 'RecoveryPassword' } |
        ForEach-Object { ([string]$_.KeyProtectorId).ToUpperInvariant() })
if ($encrypted -and $keys.Count -eq 0) {
    $problems.Add('the disk is encrypted and has no recovery key: add one and escrow it')
}
elseif ($encrypted -and $AskDirectory) {
    $escrowed = @(Get-DirectoryKey)
    if (@($keys | Where-Object { $_ -in $escrowed }).Count -eq 0) {
        $problems.Add('the recovery key of the encrypted disk is not in the directory: escrow it first')
    }
}

$Ansible.Changed = $false
$Ansible.Result = @{
    problems = @($problems)
    power_source = if ($draining) { 'battery' } else { 'ac' }
    disk_free_gb = $free
    tpm_ready = [bool]$tpm
    pending_restart = [bool]$pending
    signed_in_user = $user
    encrypted = $encrypted
    asks_for_pin = @($volume.KeyProtector | Where-Object { "$($_.KeyProtectorType)" -like 'TpmPin*' }).Count -gt 0
    recovery_key_ids = @($keys)
}
