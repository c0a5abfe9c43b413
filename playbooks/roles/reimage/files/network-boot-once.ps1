# rollout-script: network-boot-once
# One start from the network, then the disk again; the restart comes after this session has ended.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [int] $DelaySeconds
)
$ErrorActionPreference = 'Stop'
$Ansible.Result = @{ restart_in_seconds = $DelaySeconds }

# bcdedit translates its labels, not its values: an entry is a {guid} block whose text names the network.
$said = (& bcdedit.exe /enum firmware) -join "`n"
if ($LASTEXITCODE -ne 0) { throw "bcdedit /enum firmware ended with $LASTEXITCODE`: $said" }
$entry = $null
foreach ($block in $said -split "`n\s*`n") {
    if ($block -match '\{[0-9a-fA-F-]{36}\}') {
        $guid = $Matches[0]
        if ($block -match '(?i)IPv4|PXE|Network|LAN Boot') { $entry = $guid; break }
    }
}
if (-not $entry) { throw 'Refused: the firmware lists no network boot entry. Enable it in the firmware.' }
if (-not $PSCmdlet.ShouldProcess($entry, 'boot once from the network and restart')) { return }

$said = (& bcdedit.exe /set '{fwbootmgr}' bootsequence $entry) -join ' '
if ($LASTEXITCODE -ne 0) { throw "bcdedit could not order the network boot ($LASTEXITCODE): $said" }
$said = (& shutdown.exe /r /f /t $DelaySeconds /d p:2:4 /c 'rollout: reimage') -join ' '
# 1190: a restart is already on its way, which is what we want.
if ($LASTEXITCODE -notin 0, 1190) {
    $null = & bcdedit.exe /deletevalue '{fwbootmgr}' bootsequence
    throw "shutdown ended with $LASTEXITCODE`: $said"
}
