# rollout-script: measure-controls
# Every control of the security model, measured on the machine. Reads only.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $Serial,
    [Parameter(Mandatory)] [string] $ImageId,
    [Parameter(Mandatory)] [string] $EdrService
)
$ErrorActionPreference = 'Stop'
$evidence = New-Object System.Collections.Generic.List[object]
function Add-Evidence {
    param ([string] $Control, $Value, $Holds, [string] $Source)
    $verdict = if ($null -eq $Holds) { 'pending' } elseif ($Holds) { 'pass' } else { 'fail' }
    $evidence.Add(@{ control = $Control; value = [string]$Value; verdict = $verdict; source = $Source })
}

$found = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
Add-Evidence 'serial' $found ($found -ceq $Serial) 'Win32_BIOS'

$image = [string](Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Rollout' -ErrorAction SilentlyContinue).ImageId
Add-Evidence 'image' $image ($image -ceq $ImageId) 'registry'

# Byte 8 of WinHttpSettings: 1 direct, 3 proxy (the text of netsh depends on the language).
$connections = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections'
$settings = (Get-ItemProperty -LiteralPath $connections -ErrorAction SilentlyContinue).WinHttpSettings
$direct = $null -eq $settings -or -not ($settings[8] -band 2)
Add-Evidence 'winhttp_proxy' $(if ($direct) { 'none' } else { 'set' }) $direct 'netsh winhttp'

$left = foreach ($hive in Get-ChildItem -Path Registry::HKEY_USERS) {
    $user = "Registry::$($hive.Name)\Software\Microsoft\Windows\CurrentVersion\Internet Settings"
    $inet = Get-ItemProperty -LiteralPath $user -ErrorAction SilentlyContinue
    if ($inet.AutoConfigURL) { $inet.AutoConfigURL }
    elseif ($inet.ProxyEnable -eq 1) { $inet.ProxyServer }
}
Add-Evidence 'user_proxy' $(if ($left) { ($left | Sort-Object -Unique) -join ', ' } else { 'none' }) (-not $left) 'registry'

$policyKey = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings'
$policy = (Get-ItemProperty -LiteralPath $policyKey -ErrorAction SilentlyContinue).ProxyServer
Add-Evidence 'policy_proxy' $(if ($policy) { $policy } else { 'none' }) (-not $policy) 'registry'

$service = Get-Service -Name $EdrService -ErrorAction SilentlyContinue
$state = if ($service) { ([string]$service.Status).ToLowerInvariant() } else { 'absent' }
Add-Evidence 'edr_service' $state ($state -eq 'running') 'Get-Service'

$off = @(Get-NetFirewallProfile -PolicyStore ActiveStore | Where-Object { "$($_.Enabled)" -ne 'True' } |
        ForEach-Object { $_.Name.ToLowerInvariant() })
Add-Evidence 'firewall' "off: $(if ($off) { $off -join ', ' } else { 'none' })" ($off.Count -eq 0) 'Get-NetFirewallProfile'

$tpm = [bool](Get-Tpm).TpmReady
Add-Evidence 'tpm' $tpm $tpm 'Get-Tpm'

# Off is pending here: take-home switches it on. On without an escrowed key is a failure.
$volume = Get-BitLockerVolume -MountPoint C:
$on = "$($volume.ProtectionStatus)" -eq 'On'
$id = ($volume.KeyProtector | Where-Object { "$($_.KeyProtectorType)" -eq 'RecoveryPassword' } |
        Select-Object -First 1).KeyProtectorId
$filter = @{ LogName = 'Microsoft-Windows-BitLocker/BitLocker Management'; Id = 783, 845 }
$escrowed = [bool]$id -and @(Get-WinEvent -FilterHashtable $filter -ErrorAction SilentlyContinue |
        Where-Object { $_.Message -match [regex]::Escape($id.Trim('{}')) }).Count -gt 0
$text = "$(if ($on) { 'on' } else { 'off' }), key $(if ($escrowed) { '' } else { 'not ' })escrowed"
Add-Evidence 'disk_encryption' $text $(if ($on) { $escrowed } else { $null }) 'Get-BitLockerVolume'

$Ansible.Changed = $false
$Ansible.Result = @{ evidence = @($evidence) }
