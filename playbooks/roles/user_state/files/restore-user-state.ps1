# rollout-script: restore-user-state
# Bring the verified copy back and prove it file by file. What the new system has beside the copy is
# left alone and not counted.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $CopyRoot,
    [Parameter(Mandatory)] [string[]] $Paths
)
$ErrorActionPreference = 'Stop'

function Get-Digest {
    param ([string[]] $Names, [System.Collections.IDictionary] $Roots)
    $lines = New-Object System.Collections.Generic.List[string]
    $total = [long]0
    foreach ($name in $Names) {
        $prefix = $Roots.Keys | Where-Object { $name.StartsWith("$_/", [StringComparison]::Ordinal) } |
            Select-Object -First 1
        $inside = $name.Substring($prefix.Length + 1).Replace('/', '\')
        $file = Join-Path $Roots[$prefix] $inside
        $item = Get-Item -LiteralPath $file -Force
        $hash = (Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash.ToLowerInvariant()
        $lines.Add("$name|$($item.Length)|$hash")
        $total += $item.Length
    }
    $lines.Sort([StringComparer]::Ordinal)
    $text = -join ($lines | ForEach-Object { "$_`n" })
    $sha = [Security.Cryptography.SHA256]::Create()
    $digest = -join ($sha.ComputeHash([Text.Encoding]::UTF8.GetBytes($text)) | ForEach-Object { $_.ToString('x2') })
    @{ files = $lines.Count; bytes = $total; digest = $digest }
}

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
$saved = [ordered]@{}
$targets = [ordered]@{}
$names = New-Object System.Collections.Generic.List[string]
foreach ($path in $Paths) {
    $inside = $path.Replace(':', '').Trim('\')
    $prefix = $inside.Replace('\', '/')
    $saved[$prefix] = Join-Path $copy $inside
    $targets[$prefix] = $path
    $root = (Get-Item -LiteralPath $saved[$prefix] -Force).FullName.TrimEnd('\')
    Get-ChildItem -LiteralPath $root -Recurse -File -Force |
        ForEach-Object { $names.Add($prefix + '/' + $_.FullName.Substring($root.Length + 1).Replace('\', '/')) }
}
if ((Get-Digest $names $saved).digest -cne $pointer.digest) {
    throw "Refused: the copy in $copy is not what capture recorded. Nothing was restored."
}
$proof = @{ files = $pointer.files; bytes = $pointer.bytes; digest = $pointer.digest }
if (-not $PSCmdlet.ShouldProcess(($Paths -join ', '), 'restore user data')) {
    $Ansible.Result = $proof
    return
}
$copied = $false
foreach ($key in $saved.Keys) {
    $said = & robocopy.exe $saved[$key] $targets[$key] /E /COPY:DAT /DCOPY:DAT /XJ /R:2 /W:5 /MT:8 /NP /NFL /NDL /NJH /NJS
    if ($LASTEXITCODE -ge 8) { throw "robocopy to $($targets[$key]) ended with $LASTEXITCODE`: $($said -join ' ')" }
    if ($LASTEXITCODE -band 1) { $copied = $true }
}
if ((Get-Digest $names $targets).digest -cne $pointer.digest) {
    throw "The restored files differ from the copy. Run restore again; the copy stays in $copy."
}
$Ansible.Changed = $copied
$Ansible.Result = $proof
