# rollout-script: outside-protection
# What a PC needs beside encryption before it leaves the office. Refuses while resident data lies on it.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $RemovableStorage,
    [Parameter(Mandatory)] [AllowEmptyString()] [string] $VpnName,
    [Parameter(Mandatory)] [AllowEmptyString()] [string] $VpnServer,
    [Parameter(Mandatory)] [string] $VpnTunnel,
    [Parameter(Mandatory)] [AllowEmptyString()] [string] $VpnDeviceProfile,
    [Parameter(Mandatory)] [string[]] $ResidentFolders,
    [Parameter(Mandatory)] [AllowEmptyCollection()] [string[]] $ResidentNames,
    [Parameter(Mandatory)] [bool] $RequireManagement
)
$ErrorActionPreference = 'Stop'
$evidence = New-Object System.Collections.Generic.List[object]
$script:changed = $false
function Add-Evidence {
    param ([string] $Control, $Value, $Holds, [string] $Source)
    $verdict = if ($null -eq $Holds) { 'pending' } elseif ($Holds) { 'pass' } else { 'fail' }
    $evidence.Add(@{ control = $Control; value = [string]$Value; verdict = $verdict; source = $Source })
}
function Set-Value {
    param ([string] $Key, [string] $Name, [int] $Value)
    if ((Get-ItemProperty -LiteralPath $Key -ErrorAction SilentlyContinue).$Name -eq $Value) { return }
    $script:changed = $true
    if (-not $PSCmdlet.ShouldProcess("$Key $Name", "set $Value")) { return }
    if (-not (Test-Path -LiteralPath $Key)) { $null = New-Item -Path $Key -Force }
    $null = New-ItemProperty -LiteralPath $Key -Name $Name -PropertyType DWord -Value $Value -Force
}

# First, since it refuses: what must not leave is found before anything is opened for leaving.
$found = @()
if ($ResidentNames) {
    $found = @(Get-ChildItem -LiteralPath $ResidentFolders -Recurse -File -Force -ErrorAction SilentlyContinue |
            Where-Object { $file = $_.Name; @($ResidentNames | Where-Object { $file -like $_ }).Count })
}
if ($found) {
    $first = ($found | Select-Object -First 3 | ForEach-Object { $_.FullName }) -join ', '
    throw "Refused: $($found.Count) files look like resident data: $first. Move them to where they belong."
}
$looked = [bool]$ResidentNames
Add-Evidence 'resident_data' $(if ($looked) { 'none found' } else { 'no names to look for' }) $(
    if ($looked) { $true } else { $null }) 'file names'

$usb = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices'
Set-Value $usb 'Deny_All' ([int]($RemovableStorage -eq 'deny'))
$disks = "$usb\{53f5630d-b6bf-11d0-94f2-00a0c91efb8b}"
Set-Value $disks 'Deny_Write' ([int]($RemovableStorage -eq 'read_only'))
Add-Evidence 'removable_storage' $RemovableStorage $true 'registry'

if ($VpnName) {
    $join = & dsregcmd.exe /status
    $domain = [bool]($join -match '^\s*DomainJoined\s*:\s*YES')
    $edition = [string](Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion').EditionID
    $able = $domain -and $edition -match 'Enterprise|Education'
    if ($VpnTunnel -eq 'device' -and -not $able) {
        throw ("Refused: a device tunnel needs a domain-joined PC with Windows Enterprise or Education, this one is " +
            "$(if ($domain) { 'domain-joined' } else { 'not domain-joined' }) with $edition. Use a user tunnel.")
    }
    $tunnel = if ($VpnTunnel -ne 'auto') { $VpnTunnel } elseif ($able -and $VpnDeviceProfile) { 'device' } else { 'user' }
    if ($tunnel -eq 'device') {
        if (-not $VpnDeviceProfile) { throw 'Refused: take_home_vpn_device_profile names no ProfileXML.' }
        $place = @{ Namespace = 'root\cimv2\mdm\dmmap'; ClassName = 'MDM_VPNv2_01' }
        $instance = [uri]::EscapeDataString($VpnName)
        $is = Get-CimInstance @place -ErrorAction SilentlyContinue | Where-Object { $_.InstanceID -eq $instance }
        # Windows gives the profile back in a form of its own; the text last set is kept beside our stamp.
        $stamp = 'HKLM:\SOFTWARE\Rollout'
        $set = (Get-ItemProperty -LiteralPath $stamp -ErrorAction SilentlyContinue).VpnProfile
        if ($null -eq $is -or $set -cne $VpnDeviceProfile) {
            $script:changed = $true
            if ($PSCmdlet.ShouldProcess($VpnName, 'set up the device tunnel')) {
                if ($is) { Remove-CimInstance -InputObject $is }
                $null = New-CimInstance @place -Property @{
                    ParentID = './Vendor/MSFT/VPNv2'; InstanceID = $instance
                    ProfileXML = [Security.SecurityElement]::Escape($VpnDeviceProfile)
                }
                $null = New-ItemProperty -LiteralPath $stamp -Name VpnProfile -PropertyType String -Value $VpnDeviceProfile -Force
            }
        }
    }
    else {
        $is = Get-VpnConnection -AllUserConnection -Name $VpnName -ErrorAction SilentlyContinue
        if ($null -eq $is -or $is.ServerAddress -ne $VpnServer) {
            $script:changed = $true
            if ($PSCmdlet.ShouldProcess($VpnName, 'set up the user tunnel')) {
                if ($is) { Remove-VpnConnection -AllUserConnection -Name $VpnName -Force }
                $null = Add-VpnConnection -AllUserConnection -Name $VpnName -ServerAddress $VpnServer -TunnelType Ikev2 `
                    -AuthenticationMethod Eap -EncryptionLevel Required -SplitTunneling $false -Force
            }
        }
    }
    Add-Evidence 'vpn' "$VpnName, $tunnel tunnel" $true 'VPN profile'
}

# Enrolled in device management a lost PC can be located, locked and wiped from afar.
$enrolled = @(Get-ChildItem -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Enrollments' -ErrorAction SilentlyContinue | Where-Object {
        $entry = Get-ItemProperty -LiteralPath $_.PSPath
        $entry.EnrollmentState -eq 1 -and $entry.ProviderID -eq 'MS DM Server' }).Count -gt 0
$text = if ($enrolled) { 'managed: can be locked and wiped from afar' } else { 'not managed' }
Add-Evidence 'lost_device' $text $(if ($enrolled) { $true } elseif ($RequireManagement) { $false } else { $null }) 'registry'

$Ansible.Changed = $script:changed
$Ansible.Result = @{ evidence = @($evidence) }
