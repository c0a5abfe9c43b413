# rollout-script: restore-usmt
# Profiles come back from the USMT store, once, after the store was found to be what capture recorded.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $CopyRoot,
    [Parameter(Mandatory)] [string] $ProgramFolder,
    [Parameter(Mandatory)] [string[]] $Rules,
    [Parameter(Mandatory)] [bool] $AcceptSkipped
)
$ErrorActionPreference = 'Stop'
$meaning = @{
    1 = 'help was shown'; 2 = 'cancelled, or a file is encrypted with EFS'; 3 = 'files were skipped under /c'
    11 = 'bad parameters'; 12 = 'wrong set-up: rights, or another USMT runs'; 13 = 'nothing was gathered'
    14 = 'files were left behind'; 26 = 'an error while starting'; 27 = 'the store path is wrong'
    28 = 'the store cannot be written, or its space ran out'; 29 = 'the store cannot be read or is corrupt'
    71 = 'an error of the system'
}
$join = & dsregcmd.exe /status
if (($join -match '^\s*AzureAdJoined\s*:\s*YES') -and -not ($join -match '^\s*DomainJoined\s*:\s*YES')) {
    throw 'Refused: this PC is Entra-joined, which USMT does not support. The store stays on the file server.'
}
$serial = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
$current = Join-Path $CopyRoot 'current.json'
if (-not (Test-Path -LiteralPath $current)) {
    throw "Refused: there is no verified copy of this machine's user data in $CopyRoot. Run capture first."
}
$pointer = [IO.File]::ReadAllText($current) | ConvertFrom-Json
if ($pointer.serial -cne $serial -or $pointer.method -cne 'usmt') {
    throw "Refused: the copy in $CopyRoot is $($pointer.method) of serial $($pointer.serial), not USMT of $serial."
}
$store = Join-Path $CopyRoot $pointer.folder
$file = Join-Path $store 'USMT\USMT.MIG'
if ((Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash.ToLowerInvariant() -cne $pointer.digest) {
    throw "Refused: the store $file is not what capture recorded. Nothing was restored."
}
$Ansible.Result = @{ files = $pointer.files; bytes = $pointer.bytes; digest = $pointer.digest }
$Ansible.Changed = $false
# A second load on the same system would lay the old settings over what the user has done since.
$stamp = [long](Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Rollout' -ErrorAction SilentlyContinue).StampEpoch
if ($pointer.restored -and $pointer.restored_stamp -eq $stamp) { return }
$Ansible.Changed = $true
if (-not $PSCmdlet.ShouldProcess($store, 'load profiles with USMT')) { return }
$program = Join-Path $ProgramFolder 'loadstate.exe'
if (-not (Test-Path -LiteralPath $program)) { throw "Refused: no $program on this PC. Stage USMT from the Windows ADK." }
$arguments = @($store, '/c', '/v:5', "/l:$(Join-Path $env:ProgramData 'rollout\loadstate.log')")
$arguments += $Rules | ForEach-Object { "/i:$(Join-Path $ProgramFolder $_)" }
$null = & $program @arguments 2>&1
$code = $LASTEXITCODE
if ($code -ne 0 -and -not ($code -eq 3 -and $AcceptSkipped)) {
    throw "USMT loadstate ended with $code ($($meaning[$code])). The store stays in $store."
}
$pointer.restored = $true
$pointer.restored_stamp = $stamp
[IO.File]::WriteAllText("$current.new", ($pointer | ConvertTo-Json))
Move-Item -LiteralPath "$current.new" -Destination $current -Force
