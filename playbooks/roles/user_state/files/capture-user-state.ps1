# rollout-script: capture-user-state
# Copy, compare both sides, and only then name the copy as the good one. Every order has a folder of
# its own below the copy root: no earlier copy is ever overwritten.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $CopyRoot,
    [Parameter(Mandatory)] [long] $Epoch,
    [Parameter(Mandatory)] [string] $NewImageId,
    [Parameter(Mandatory)] [int] $KeepDays,
    [Parameter(Mandatory)] [int] $SampleFiles,
    [Parameter(Mandatory)] [string[]] $Paths,
    [Parameter(Mandatory)] [AllowEmptyCollection()] [string[]] $ExcludeFolders
)
$ErrorActionPreference = 'Stop'

function Get-Inventory {
    param ([System.Collections.IDictionary] $Roots)
    $sizes = New-Object 'System.Collections.Generic.SortedDictionary[string,long]' ([StringComparer]::Ordinal)
    $places = @{}
    $total = [long]0
    foreach ($prefix in $Roots.Keys) {
        $root = (Get-Item -LiteralPath $Roots[$prefix] -Force).FullName.TrimEnd('\')
        $queue = New-Object System.Collections.Generic.Queue[string]
        $queue.Enqueue($root)
        while ($queue.Count) {
            foreach ($item in Get-ChildItem -LiteralPath $queue.Dequeue() -Force) {
                # Junctions are left out like robocopy /XJ does, else the old profile links loop.
                if ($item.PSIsContainer) {
                    if (-not ($item.Attributes -band [IO.FileAttributes]::ReparsePoint) -and
                        $item.Name -notin $ExcludeFolders) { $queue.Enqueue($item.FullName) }
                    continue
                }
                $name = $prefix + '/' + $item.FullName.Substring($root.Length + 1).Replace('\', '/')
                $sizes[$name] = $item.Length
                $places[$name] = $item.FullName
                $total += $item.Length
            }
        }
    }
    # Every file counts with its size; the content of every stride-th one is read and compared.
    $stride = if ($SampleFiles) { [int][math]::Max(1, [math]::Ceiling($sizes.Count / $SampleFiles)) } else { 1 }
    $text = New-Object Text.StringBuilder
    $number = 0
    foreach ($name in $sizes.Keys) {
        $hash = '-'
        if ($number % $stride -eq 0) {
            $hash = (Get-FileHash -LiteralPath $places[$name] -Algorithm SHA256).Hash.ToLowerInvariant()
        }
        $null = $text.Append("$name|$($sizes[$name])|$hash`n")
        $number++
    }
    $sha = [Security.Cryptography.SHA256]::Create()
    $digest = -join ($sha.ComputeHash([Text.Encoding]::UTF8.GetBytes($text.ToString())) |
            ForEach-Object { $_.ToString('x2') })
    @{ files = $sizes.Count; bytes = $total; digest = $digest }
}

$image = [string](Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Rollout' -ErrorAction SilentlyContinue).ImageId
if ($image -ceq $NewImageId) {
    throw ("Refused: this machine already runs the new image $image; capturing it would put an empty copy " +
        "in the place of the user's.")
}
$serial = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
$name = "e$Epoch"
$target = Join-Path $CopyRoot $name
$origins = [ordered]@{}
$copies = [ordered]@{}
foreach ($path in $Paths) {
    $inside = $path.Replace(':', '').Trim('\')
    $origins[$inside.Replace('\', '/')] = $path
    $copies[$inside.Replace('\', '/')] = Join-Path $target $inside
}
$before = Get-Inventory $origins
if (-not $PSCmdlet.ShouldProcess($target, 'copy user data')) {
    $Ansible.Result = $before + @{ copy_path = $target }
    return
}
$copied = $false
foreach ($key in $origins.Keys) {
    $null = New-Item -ItemType Directory -Path $copies[$key] -Force
    $arguments = @($origins[$key], $copies[$key], '/E', '/COPY:DAT', '/DCOPY:DAT', '/XJ', '/R:2', '/W:5',
        '/MT:8', '/NP', '/NFL', '/NDL', '/NJH', '/NJS')
    if ($ExcludeFolders) { $arguments += @('/XD') + $ExcludeFolders }
    $said = & robocopy.exe @arguments
    # Below 8 robocopy succeeded; bit 1 says that files were copied.
    if ($LASTEXITCODE -ge 8) { throw "robocopy of $($origins[$key]) ended with $LASTEXITCODE`: $($said -join ' ')" }
    if ($LASTEXITCODE -band 1) { $copied = $true }
}
$after = Get-Inventory $copies
if ($after.digest -cne $before.digest) {
    throw ("The copy in $target differs from the machine: $($before.files) files and $($before.bytes) bytes " +
        "there, $($after.files) and $($after.bytes) in the copy. Close open programs and run capture again.")
}
$current = Join-Path $CopyRoot 'current.json'
$pointer = @{
    method = 'file_server'; folder = $name; serial = $serial; sample = $SampleFiles
    files = $after.files; bytes = $after.bytes; digest = $after.digest
    keep_until = (Get-Date).Date.AddDays($KeepDays).ToString('yyyy-MM-dd'); restored = $false
}
$old = if (Test-Path -LiteralPath $current) { [IO.File]::ReadAllText($current) | ConvertFrom-Json }
if ($null -eq $old -or $old.folder -cne $name -or $old.digest -cne $after.digest) {
    $scratch = "$current.new"
    [IO.File]::WriteAllText($scratch, ($pointer | ConvertTo-Json))
    Move-Item -LiteralPath $scratch -Destination $current -Force
    $copied = $true
}
$Ansible.Changed = $copied
$Ansible.Result = $after + @{ copy_path = $target }
