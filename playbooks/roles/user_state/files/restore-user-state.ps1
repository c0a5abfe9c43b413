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
    param ([string[]] $Names, [System.Collections.IDictionary] $Roots, [int] $SampleFiles)
    $text = New-Object Text.StringBuilder
    $stride = if ($SampleFiles) { [int][math]::Max(1, [math]::Ceiling($Names.Count / $SampleFiles)) } else { 1 }
    $number = 0
    foreach ($name in $Names) {
        $prefix = $Roots.Keys | Where-Object { $name.StartsWith("$_/", [StringComparison]::Ordinal) } |
            Select-Object -First 1
        $inside = $name.Substring($prefix.Length + 1).Replace('/', '\')
        $file = Join-Path $Roots[$prefix] $inside
        $item = Get-Item -LiteralPath $file -Force
        $hash = '-'
        if ($number % $stride -eq 0) {
            $hash = (Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash.ToLowerInvariant()
        }
        $null = $text.Append("$name|$($item.Length)|$hash`n")
        $number++
    }
    $sha = [Security.Cryptography.SHA256]::Create()
    -join ($sha.ComputeHash([Text.Encoding]::UTF8.GetBytes($text.ToString())) | ForEach-Object { $_.ToString('x2') })
}

$serial = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
$current = Join-Path $CopyRoot 'current.json'
if (-not (Test-Path -LiteralPath $current)) {
    throw "Refused: there is no verified copy of this machine's user data in $CopyRoot. Run capture first."
}
$pointer = [IO.File]::ReadAllText($current) | ConvertFrom-Json
if ($pointer.serial -cne $serial) {
    throw "Refused: the copy in $CopyRoot is of the machine with serial $($pointer.serial), not $serial."
}
if ($pointer.method -cne 'file_server') {
    throw "Refused: capture kept the user data by $($pointer.method). Set user_state_method to that."
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
$names.Sort([StringComparer]::Ordinal)
if ((Get-Digest $names $saved $pointer.sample) -cne $pointer.digest) {
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
if ((Get-Digest $names $targets $pointer.sample) -cne $pointer.digest) {
    throw "The restored files differ from the copy. Run restore again; the copy stays in $copy."
}
if (-not $pointer.restored) {
    $pointer.restored = $true
    [IO.File]::WriteAllText("$current.new", ($pointer | ConvertTo-Json))
    Move-Item -LiteralPath "$current.new" -Destination $current -Force
}
$Ansible.Changed = $copied
$Ansible.Result = $proof
