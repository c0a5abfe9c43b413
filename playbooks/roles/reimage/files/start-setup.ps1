# rollout-script: start-setup
# Answer file, check-in and Autopilot profile go where setup takes them from; setup itself is started as
# SYSTEM by a scheduled task, since it outlives this session and takes half an hour.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $Folder,
    [Parameter(Mandatory)] [string] $AnswerFile,
    [Parameter(Mandatory)] [string] $CheckInScript,
    [Parameter(Mandatory)] [string] $Order,
    [Parameter(Mandatory)] [AllowEmptyString()] [string] $AutopilotProfile
)
$ErrorActionPreference = 'Stop'
$setup = Join-Path $Folder 'setup.exe'
$Ansible.Result = @{ started = $false }
if (-not $PSCmdlet.ShouldProcess($setup, 'install Windows anew')) { return }
if (-not (Test-Path -LiteralPath $setup)) { throw "Refused: there is no $setup. Stage the media first." }

function Write-Ascii {
    # Autopilot and setup read ANSI; a byte order mark makes Autopilot ignore its file.
    param ([string] $Path, [string] $Text)
    $null = New-Item -ItemType Directory -Path (Split-Path -Parent $Path) -Force
    if ($Text -match '[^\x00-\x7F]') { throw "Refused: $Path would hold characters that are not ASCII." }
    [IO.File]::WriteAllText($Path, $Text, [Text.Encoding]::ASCII)
}
# $OEM$\$1 becomes C:\, $OEM$\$$ becomes C:\Windows in the new system.
$oem = Join-Path $Folder 'sources\$OEM$'
$answer = Join-Path $Folder 'autounattend.xml'
[IO.File]::WriteAllText($answer, $AnswerFile, (New-Object Text.UTF8Encoding $true))
Write-Ascii (Join-Path $oem '$1\ProgramData\rollout\check-in.json') $Order
Write-Ascii (Join-Path $oem '$1\ProgramData\rollout\first-boot-check-in.ps1') $CheckInScript
Write-Ascii (Join-Path $oem '$$\Setup\Scripts\SetupComplete.cmd') (@(
        '@echo off'
        'icacls C:\ProgramData\rollout /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F'
        'powershell -NoProfile -ExecutionPolicy Bypass -File C:\ProgramData\rollout\first-boot-check-in.ps1 -Install'
    ) -join "`r`n")
if ($AutopilotProfile) {
    Write-Ascii (Join-Path $oem '$$\Provisioning\Autopilot\AutopilotConfigurationFile.json') $AutopilotProfile
}

# BitLocker would ask for the recovery key at the first restart of setup.
if ("$((Get-BitLockerVolume -MountPoint C:).ProtectionStatus)" -eq 'On') {
    $null = Suspend-BitLocker -MountPoint C: -RebootCount 0
}
$arguments = '/auto clean /unattend:"{0}" /eula accept /dynamicupdate disable /compat ignorewarning /showoobe none' -f $answer
$action = New-ScheduledTaskAction -Execute $setup -Argument $arguments
$principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -RunLevel Highest
$settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -MultipleInstances IgnoreNew
$null = Register-ScheduledTask -TaskPath '\rollout\' -TaskName 'setup' -Action $action -Principal $principal `
    -Settings $settings -Force
Start-ScheduledTask -TaskPath '\rollout\' -TaskName 'setup'
$Ansible.Result = @{ started = $true }
