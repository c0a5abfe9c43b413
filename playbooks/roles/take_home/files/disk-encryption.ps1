# rollout-script: disk-encryption
# The recovery key is escrowed in the directory before the disk is encrypted, else nobody could open it.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [bool] $RequirePin
)
$ErrorActionPreference = 'Stop'
if (-not (Get-Tpm).TpmReady) { throw 'Refused: no ready TPM, the disk cannot be encrypted silently.' }

function Get-RecoveryProtector {
    (Get-BitLockerVolume -MountPoint C:).KeyProtector |
        Where-Object { $_.KeyProtectorType -eq 'RecoveryPassword' } | Select-Object -First 1
}
function Test-Escrow {
    # Event 845: the key went to Entra ID, 783: to Active Directory; it must name the present protector.
    param ([string] $Id)
    $filter = @{ LogName = 'Microsoft-Windows-BitLocker/BitLocker Management'; Id = 783, 845 }
    @(Get-WinEvent -FilterHashtable $filter -ErrorAction SilentlyContinue |
            Where-Object { $_.Message -match [regex]::Escape($Id.Trim('{}')) }).Count -gt 0
}

$changed = $false
$volume = Get-BitLockerVolume -MountPoint C:
$protector = Get-RecoveryProtector
$escrowed = $null -ne $protector -and (Test-Escrow $protector.KeyProtectorId)
# A disk that is being encrypted is left to it: its protection comes on by itself at the end.
$suspended = "$($volume.VolumeStatus)" -eq 'FullyEncrypted' -and "$($volume.ProtectionStatus)" -ne 'On'
$due = -not $escrowed -or $suspended -or "$($volume.VolumeStatus)" -eq 'FullyDecrypted'
if ($due) { $changed = $true }
if ($due -and $PSCmdlet.ShouldProcess('C:', 'escrow the recovery key and encrypt')) {
    if (-not $protector) {
        $null = Add-BitLockerKeyProtector -MountPoint C: -RecoveryPasswordProtector -WarningAction SilentlyContinue
        $protector = Get-RecoveryProtector
    }
    if ((Get-CimInstance -ClassName Win32_ComputerSystem).PartOfDomain) {
        $null = Backup-BitLockerKeyProtector -MountPoint C: -KeyProtectorId $protector.KeyProtectorId
    }
    else {
        $null = BackupToAAD-BitLockerKeyProtector -MountPoint C: -KeyProtectorId $protector.KeyProtectorId
    }
    # The exit status of the backup says little; the event is written when the directory has the key.
    $escrowed = Test-Escrow $protector.KeyProtectorId
    if (-not $escrowed) { throw 'The directory has not confirmed the recovery key; the disk was not encrypted.' }
    if ("$($volume.VolumeStatus)" -eq 'FullyDecrypted') {
        $null = Enable-BitLocker -MountPoint C: -TpmProtector -UsedSpaceOnly -SkipHardwareTest -EncryptionMethod XtsAes256
    }
    elseif ($suspended) {
        $null = Resume-BitLocker -MountPoint C:
    }
    $volume = Get-BitLockerVolume -MountPoint C:
}
# The PIN can only be chosen by the user: here Windows is told to ask for it.
$policy = 'HKLM:\SOFTWARE\Policies\Microsoft\FVE'
$wanted = [ordered]@{ UseAdvancedStartup = 1; EnableBDEWithNoTPM = 0; UseTPM = 2; UseTPMPIN = 2 }
foreach ($name in @(if ($RequirePin) { $wanted.Keys })) {
    if ((Get-ItemProperty -LiteralPath $policy -ErrorAction SilentlyContinue).$name -eq $wanted[$name]) { continue }
    $changed = $true
    if ($PSCmdlet.ShouldProcess("$policy $name", 'set')) {
        if (-not (Test-Path -LiteralPath $policy)) { $null = New-Item -Path $policy -Force }
        $null = New-ItemProperty -LiteralPath $policy -Name $name -PropertyType DWord -Value $wanted[$name] -Force
    }
}
$pin = @($volume.KeyProtector | Where-Object { "$($_.KeyProtectorType)" -in 'TpmPin', 'TpmPinStartupKey' }).Count -gt 0
$on = $volume.ProtectionStatus -eq 'On'
$evidence = @(
    @{
        control = 'disk_encryption'
        value = "$(if ($on) { 'on' } else { 'off' }), key $(if ($escrowed) { '' } else { 'not ' })escrowed"
        # While the disk is being encrypted protection is off: it is on its way, not failed.
        verdict = if (-not $on) { 'pending' } elseif ($escrowed) { 'pass' } else { 'fail' }
        source = 'Get-BitLockerVolume'
    }
)
if ($RequirePin) {
    $evidence += @{
        control = 'encryption_pin'
        value = if ($pin) { 'chosen' } else { 'to be chosen by the user' }
        verdict = if ($pin) { 'pass' } else { 'pending' }
        source = 'Get-BitLockerVolume'
    }
}
$Ansible.Changed = $changed
$Ansible.Result = @{ evidence = @($evidence) }
