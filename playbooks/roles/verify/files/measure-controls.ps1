# rollout-script: measure-controls
# Every control of the security model, measured on the machine. Reads only.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $Serial,
    [Parameter(Mandatory)] [string] $ImageId,
    [Parameter(Mandatory)] [string] $EdrService,
    [Parameter(Mandatory)] [int] $SettleMinutes,
    [Parameter(Mandatory)] [int] $SignatureDays,
    [Parameter(Mandatory)] [int] $UpdateDays,
    [Parameter(Mandatory)] [AllowEmptyCollection()] [string[]] $DnsServers,
    [Parameter(Mandatory)] [AllowEmptyCollection()] [string[]] $TimeServers,
    [Parameter(Mandatory)] [string[]] $ResidentFolders,
    [Parameter(Mandatory)] [AllowEmptyCollection()] [string[]] $ResidentNames
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

if ($DnsServers) {
    $wrong = @(Get-NetAdapter -Physical | Where-Object { $_.Status -eq 'Up' } | ForEach-Object {
            (Get-DnsClientServerAddress -InterfaceIndex $_.ifIndex -AddressFamily IPv4).ServerAddresses } |
            Where-Object { $_ -notin $DnsServers } | Sort-Object -Unique)
    Add-Evidence 'dns' $(if ($wrong) { $wrong -join ', ' } else { $DnsServers -join ', ' }) (-not $wrong) 'Get-DnsClientServerAddress'
}
if ($TimeServers) {
    $time = [string](Get-ItemProperty -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Services\W32Time\Parameters').NtpServer
    $peers = @($time -split '\s+' | ForEach-Object { ($_ -split ',')[0] } | Where-Object { $_ })
    Add-Evidence 'time' ($peers -join ', ') (($peers -join ' ') -ceq ($TimeServers -join ' ')) 'W32Time'
}

# What starts late is pending for a while after the boot, not failed.
$system = Get-CimInstance -ClassName Win32_OperatingSystem
$early = ((Get-Date) - $system.LastBootUpTime).TotalMinutes -lt $SettleMinutes
$service = Get-Service -Name $EdrService -ErrorAction SilentlyContinue
$state = if ($service) { ([string]$service.Status).ToLowerInvariant() } else { 'absent' }
Add-Evidence 'edr_service' $state $(
    if ($state -eq 'running') { $true } elseif ($state -eq 'startpending' -and $early) { $null } else { $false }) 'Get-Service'

# The portal shows a PC 5 to 30 minutes after onboarding; the PC itself notes when it got through.
$edr = Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows Advanced Threat Protection\Status' -ErrorAction SilentlyContinue
$heard = $edr.LastConnected
$noted = [string](Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Rollout' -ErrorAction SilentlyContinue).EdrOnboardedAt
$since = if ($noted) { [datetime]::Parse($noted, [cultureinfo]::InvariantCulture, 'RoundtripKind').ToLocalTime() } else { $system.LastBootUpTime }
$soon = ((Get-Date) - $since).TotalMinutes -lt $SettleMinutes
$text = if ($edr.OnboardingState -ne 1) { 'not onboarded' } elseif ($heard) { 'onboarded, connected' } else { 'onboarded, not yet connected' }
Add-Evidence 'edr_onboarding' $text $(
    if ($edr.OnboardingState -ne 1) { $false } elseif ($heard) { $true } elseif ($soon) { $null } else { $false }) 'registry'

$virus = Get-MpComputerStatus -ErrorAction SilentlyContinue
$fresh = $null -ne $virus -and $virus.RealTimeProtectionEnabled -and $virus.AntivirusSignatureAge -le $SignatureDays
$text = if ($null -eq $virus) { 'absent' } else {
    "real time $(if ($virus.RealTimeProtectionEnabled) { 'on' } else { 'off' }), signatures $($virus.AntivirusSignatureAge) days old"
}
Add-Evidence 'antivirus' $text $fresh 'Get-MpComputerStatus'

$session = New-Object -ComObject Microsoft.Update.AutoUpdate
$last = $session.Results.LastInstallationSuccessDate
$days = if ($last) { [int]((Get-Date).ToUniversalTime() - $last).TotalDays } else { -1 }
Add-Evidence 'updates' $(if ($last) { "installed $days days ago" } else { 'none installed yet' }) $(
    if ($last) { $days -le $UpdateDays } else { $null }) 'Windows Update'
$ring = Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate' -ErrorAction SilentlyContinue
$set = $null -ne $ring.DeferQualityUpdatesPeriodInDays
Add-Evidence 'update_ring' $(if ($set) { "$($ring.DeferQualityUpdatesPeriodInDays)/$($ring.DeferFeatureUpdatesPeriodInDays) days" } else { 'none' }) $set 'registry'

$off = @(Get-NetFirewallProfile -PolicyStore ActiveStore | Where-Object { "$($_.Enabled)" -ne 'True' } |
        ForEach-Object { $_.Name.ToLowerInvariant() })
Add-Evidence 'firewall' "off: $(if ($off) { $off -join ', ' } else { 'none' })" ($off.Count -eq 0) 'Get-NetFirewallProfile'

$tpm = [bool](Get-Tpm).TpmReady
Add-Evidence 'tpm' $tpm $tpm 'Get-Tpm'

$secure = try { [bool](Confirm-SecureBootUEFI) } catch { $false }
Add-Evidence 'secure_boot' $(if ($secure) { 'on' } else { 'off' }) $secure 'Confirm-SecureBootUEFI'

if ($ResidentNames) {
    $found = @(Get-ChildItem -LiteralPath $ResidentFolders -Recurse -File -Force -ErrorAction SilentlyContinue |
            Where-Object { $file = $_.Name; @($ResidentNames | Where-Object { $file -like $_ }).Count })
    Add-Evidence 'resident_data' "$($found.Count) files" ($found.Count -eq 0) 'file names'
}

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

# Where step enable has told Windows to ask for a PIN, its user chooses it some time after the hand-over.
$asked = (Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Policies\Microsoft\FVE' -ErrorAction SilentlyContinue).UseTPMPIN -eq 2
if ($asked) {
    $pin = @($volume.KeyProtector | Where-Object { "$($_.KeyProtectorType)" -in 'TpmPin', 'TpmPinStartupKey' }).Count -gt 0
    $text = if ($pin) { 'chosen' } else { 'to be chosen by the user' }
    Add-Evidence 'encryption_pin' $text $(if ($pin) { $true } else { $null }) 'Get-BitLockerVolume'
}

$Ansible.Changed = $false
$Ansible.Result = @{ evidence = @($evidence) }
