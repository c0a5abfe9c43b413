# rollout-script: check-user-copy
# The copy that capture verified is still there, whole and of this machine. Counts and sizes only: the
# content was compared at capture, and reading it again over the network would take minutes. Reads only.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $CopyRoot,
    [Parameter(Mandatory)] [string] $Method
)
$ErrorActionPreference = 'Stop'
$serial = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
$current = Join-Path $CopyRoot 'current.json'
if (-not (Test-Path -LiteralPath $current)) {
    throw "Refused: there is no verified copy of this machine's user data in $CopyRoot. Run capture first."
}
$pointer = [IO.File]::ReadAllText($current) | ConvertFrom-Json
if ($pointer.serial -cne $serial) {
    throw "Refused: the copy in $CopyRoot is of the machine with serial $($pointer.serial), not $serial."
}
if ($pointer.method -cne $Method) {
    throw "Refused: capture kept the user data by $($pointer.method), this order expects $Method. Run capture again."
}
# OneDrive's copy is in the cloud: there is nothing beside the record to count here.
if ($Method -cne 'onedrive') {
    $copy = Join-Path $CopyRoot $pointer.folder
    $found = Get-ChildItem -LiteralPath $copy -Recurse -File -Force | Measure-Object -Property Length -Sum
    if ($found.Count -ne $pointer.files -or [long]$found.Sum -ne $pointer.bytes) {
        throw ("Refused: the copy in $copy has $($found.Count) files and $([long]$found.Sum) bytes, capture " +
            "recorded $($pointer.files) and $($pointer.bytes). Run capture again.")
    }
}
$Ansible.Changed = $false
$Ansible.Result = @{ files = $pointer.files; bytes = $pointer.bytes; digest = $pointer.digest }
