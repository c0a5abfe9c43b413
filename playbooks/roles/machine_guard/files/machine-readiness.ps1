# rollout-script: machine-readiness
# What must hold before anything destructive; all problems at once. Reads only.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [bool] $RequireAcPower,
    [Parameter(Mandatory)] [int] $MinimumFreeGb,
    [Parameter(Mandatory)] [bool] $RequireTpm,
    [Parameter(Mandatory)] [bool] $RefuseSignedInUser
)
$ErrorActionPreference = 'Stop'
$problems = New-Object System.Collections.Generic.List[string]

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

$Ansible.Changed = $false
$Ansible.Result = @{
    problems = @($problems)
    power_source = if ($draining) { 'battery' } else { 'ac' }
    disk_free_gb = $free
    tpm_ready = [bool]$tpm
    signed_in_user = $user
}
