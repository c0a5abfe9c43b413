# rollout-script: check-user-copy
# The copy that capture verified is still there, whole and of this machine. Counts and sizes only: the
# digest was compared at capture, and hashing it again over the network would take minutes. Reads only.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $CopyRoot
)
$ErrorActionPreference = 'Stop'
$serial = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
$current = Join-Path $CopyRoot 'current.json'
if (-not (Test-Path -LiteralPath $current)) {
    throw "Refused: there is no verified copy of this machine's user data in $CopyRoot. Run capture first."
}
$pointer = Get-Content -LiteralPath $current -Raw | ConvertFrom-Json
if ($pointer.serial -cne $serial) {
    throw "Refused: the copy in $CopyRoot is of the machine with serial $($pointer.serial), not $serial."
}
$copy = Join-Path $CopyRoot $pointer.folder
$found = Get-ChildItem -LiteralPath $copy -Recurse -File -Force | Measure-Object -Property Length -Sum
if ($found.Count -ne $pointer.files -or [long]$found.Sum -ne $pointer.bytes) {
    throw ("Refused: the copy in $copy has $($found.Count) files and $([long]$found.Sum) bytes, capture " +
        "recorded $($pointer.files) and $($pointer.bytes). Run capture again.")
}
$Ansible.Changed = $false
$Ansible.Result = @{ files = $pointer.files; bytes = $pointer.bytes; digest = $pointer.digest }
