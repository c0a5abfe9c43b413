# rollout-script: stage-setup-media
# The media are on the PC, whole and the right ones, before anything is armed. Runs as SYSTEM.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $Source,
    [Parameter(Mandatory)] [string] $Folder,
    [Parameter(Mandatory)] [string] $Digest
)
$ErrorActionPreference = 'Stop'
if ($Digest -notmatch '^[0-9a-f]{64}$') { throw 'Refused: reimage_media_sha256 is no SHA-256. Set it in group_vars.' }
$image = Join-Path $Folder 'sources\install.wim'
function Assert-Setup {
    if (-not (Test-Path -LiteralPath (Join-Path $Folder 'setup.exe'))) {
        throw "Refused: the media in $Source have no setup.exe. Nothing was armed."
    }
}
$Ansible.Changed = $false
$Ansible.Result = @{ digest = $Digest }
if ((Test-Path -LiteralPath $image) -and
    (Get-FileHash -LiteralPath $image -Algorithm SHA256).Hash.ToLowerInvariant() -ceq $Digest) {
    Assert-Setup
    return
}
$Ansible.Changed = $true
if (-not $PSCmdlet.ShouldProcess($Folder, "copy the media from $Source")) { return }
$said = & robocopy.exe $Source $Folder /MIR /R:2 /W:5 /NP /NFL /NDL /NJH /NJS
if ($LASTEXITCODE -ge 8) { throw "robocopy of the media ended with $LASTEXITCODE`: $($said -join ' ')" }
$found = (Get-FileHash -LiteralPath $image -Algorithm SHA256).Hash.ToLowerInvariant()
if ($found -cne $Digest) {
    throw "Refused: the media in $Source have digest $found, expected $Digest. Nothing was armed."
}
Assert-Setup
