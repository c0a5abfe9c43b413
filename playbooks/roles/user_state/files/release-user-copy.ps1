# rollout-script: release-user-copy
# The kept copy goes when its time is over and the files are back, never before.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $CopyRoot
)
$ErrorActionPreference = 'Stop'
$current = Join-Path $CopyRoot 'current.json'
if (-not (Test-Path -LiteralPath $current)) {
    $Ansible.Changed = $false
    $Ansible.Result = @{ released = '' }
    return
}
$serial = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
$pointer = [IO.File]::ReadAllText($current) | ConvertFrom-Json
if ($pointer.serial -cne $serial) {
    throw "Refused: the copy in $CopyRoot is of the machine with serial $($pointer.serial), not $serial."
}
if (-not $pointer.restored) { throw "Refused: the copy in $CopyRoot was never restored: it may be the only one." }
if ((Get-Date).Date -lt [datetime]::ParseExact($pointer.keep_until, 'yyyy-MM-dd', [cultureinfo]::InvariantCulture)) {
    throw "Refused: the copy in $CopyRoot is to be kept until $($pointer.keep_until)."
}
$Ansible.Result = @{ released = $CopyRoot }
if ($PSCmdlet.ShouldProcess($CopyRoot, 'delete the kept copy')) {
    # The record goes last: what was cut off half-way is found and finished by the next run.
    Get-ChildItem -LiteralPath $CopyRoot -Force | Where-Object { $_.Name -cne 'current.json' } |
        Remove-Item -Recurse -Force
    Remove-Item -LiteralPath $current -Force
}
