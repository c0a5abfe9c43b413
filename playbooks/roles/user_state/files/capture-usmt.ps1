# rollout-script: capture-usmt
# Profiles with their settings into a USMT store, which is verified before it is named the good one.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $CopyRoot,
    [Parameter(Mandatory)] [long] $Epoch,
    [Parameter(Mandatory)] [string] $NewImageId,
    [Parameter(Mandatory)] [int] $KeepDays,
    [Parameter(Mandatory)] [int] $SampleFiles,
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
    throw 'Refused: this PC is Entra-joined, which USMT does not support. Use method onedrive or file_server.'
}
$image = [string](Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Rollout' -ErrorAction SilentlyContinue).ImageId
if ($image -ceq $NewImageId) { throw "Refused: this machine already runs the new image $image." }
$program = Join-Path $ProgramFolder 'scanstate.exe'
if (-not (Test-Path -LiteralPath $program)) { throw "Refused: no $program on this PC. Stage USMT from the Windows ADK." }

$name = "e$Epoch"
$store = Join-Path $CopyRoot $name
$current = Join-Path $CopyRoot 'current.json'
$old = if (Test-Path -LiteralPath $current) { [IO.File]::ReadAllText($current) | ConvertFrom-Json }
$proof = if ($old.folder -ceq $name) { @{ files = $old.files; bytes = $old.bytes; digest = $old.digest } }
if ($proof) {
    $Ansible.Changed = $false
    $Ansible.Result = $proof + @{ copy_path = $store }
    return
}
if (-not $PSCmdlet.ShouldProcess($store, 'keep profiles with USMT')) {
    # What USMT would gather is known only after it has: check mode cannot count it.
    $Ansible.Result = @{ files = 0; bytes = 0; digest = ''; copy_path = $store }
    return
}
$null = New-Item -ItemType Directory -Path $store -Force
$arguments = @($store, '/o', '/c', '/v:5', "/l:$(Join-Path $store 'scanstate.log')")
$arguments += $Rules | ForEach-Object { "/i:$(Join-Path $ProgramFolder $_)" }
$null = & $program @arguments 2>&1
$code = $LASTEXITCODE
$skipped = $code -eq 3
if ($code -ne 0 -and -not ($skipped -and $AcceptSkipped)) {
    throw "USMT scanstate ended with $code ($($meaning[$code])). The log is beside the store in $store."
}
$file = Join-Path $store 'USMT\USMT.MIG'
$said = (& (Join-Path $ProgramFolder 'usmtutils.exe') /verify:failureonly $file 2>&1) -join ' '
if ($LASTEXITCODE -ne 0) { throw "The store $file is not whole ($LASTEXITCODE): $said" }

$found = Get-ChildItem -LiteralPath $store -Recurse -File -Force | Measure-Object -Property Length -Sum
$digest = (Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash.ToLowerInvariant()
$serial = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
$pointer = @{
    method = 'usmt'; folder = $name; serial = $serial; sample = $SampleFiles
    files = $found.Count; bytes = [long]$found.Sum; digest = $digest
    keep_until = (Get-Date).Date.AddDays($KeepDays).ToString('yyyy-MM-dd'); restored = $false; restored_stamp = [long]0
}
[IO.File]::WriteAllText("$current.new", ($pointer | ConvertTo-Json))
Move-Item -LiteralPath "$current.new" -Destination $current -Force
$Ansible.Changed = $true
$Ansible.Result = @{
    files = $found.Count; bytes = [long]$found.Sum; digest = $digest; copy_path = $store; skipped = $skipped
}
