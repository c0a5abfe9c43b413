# rollout-script: capture-onedrive
# Nothing is copied: OneDrive already holds the known folders of every profile, or the machine is refused.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $CopyRoot,
    [Parameter(Mandatory)] [long] $Epoch,
    [Parameter(Mandatory)] [string] $NewImageId,
    [Parameter(Mandatory)] [int] $KeepDays,
    [Parameter(Mandatory)] [int] $SampleFiles,
    [Parameter(Mandatory)] [int] $MaximumAgeHours,
    [Parameter(Mandatory)] [bool] $AllowOutside
)
$ErrorActionPreference = 'Stop'
$known = @{ Desktop = 'Desktop'; Personal = 'Documents'; 'My Pictures' = 'Pictures' }
$onlineOnly = 0x400000
$problems = New-Object System.Collections.Generic.List[string]
$lines = New-Object System.Collections.Generic.List[string]
$total = [long]0
$outside = 0

$image = [string](Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Rollout' -ErrorAction SilentlyContinue).ImageId
if ($image -ceq $NewImageId) { throw "Refused: this machine already runs the new image $image." }

foreach ($owner in Get-CimInstance -ClassName Win32_UserProfile -Filter 'Special = FALSE') {
    $place = $owner.LocalPath
    $user = Split-Path -Leaf $place
    $hive = "Registry::HKEY_USERS\$($owner.SID)"
    $loaded = $owner.Loaded
    if (-not $loaded) {
        $null = & reg.exe load "HKU\$($owner.SID)" (Join-Path $place 'NTUSER.DAT') 2>&1
        if ($LASTEXITCODE -ne 0) { $problems.Add("$user`: the profile cannot be read"); continue }
    }
    try {
        $account = Get-ItemProperty -LiteralPath "$hive\Software\Microsoft\OneDrive\Accounts\Business1" -ErrorAction SilentlyContinue
        $folders = Get-ItemProperty -LiteralPath "$hive\Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders"
        $cloud = [string]$account.UserFolder
        if (-not $cloud) { $problems.Add("$user`: OneDrive is not signed in"); continue }
        foreach ($entry in $known.GetEnumerator()) {
            if (-not ([string]$folders.($entry.Key)).StartsWith($cloud, [StringComparison]::OrdinalIgnoreCase)) {
                $problems.Add("$user`: $($entry.Value) is not in OneDrive")
            }
        }
        $log = Join-Path $place 'AppData\Local\Microsoft\OneDrive\logs\Business1\SyncDiagnostics.log'
        if (-not (Test-Path -LiteralPath $log) -or
            (Get-Item -LiteralPath $log).LastWriteTime -lt (Get-Date).AddHours(-$MaximumAgeHours)) {
            $problems.Add("$user`: OneDrive has not told its state for $MaximumAgeHours h: let the user sign in")
        }
        else {
            $state = Select-String -LiteralPath $log -Pattern 'SyncProgressState:\s*(\d+)' | Select-Object -Last 1
            # 0, 42 and 16777216 are what the client writes when everything is up to date.
            if ($null -eq $state -or $state.Matches[0].Groups[1].Value -notin '0', '42', '16777216') {
                $problems.Add("$user`: OneDrive is not up to date: wait until it is")
            }
        }
        foreach ($item in Get-ChildItem -LiteralPath $cloud -Recurse -File -Force) {
            $name = "$user/" + $item.FullName.Substring($cloud.Length + 1).Replace('\', '/')
            $where = if ([int]$item.Attributes -band $onlineOnly) { 'online' } else { 'local' }
            $lines.Add("$name|$($item.Length)|$where")
            $total += $item.Length
        }
        $outside += @(Get-ChildItem -LiteralPath $place -Recurse -File -Force -ErrorAction SilentlyContinue | Where-Object {
                $_.FullName -notlike "$cloud\*" -and $_.FullName -notlike "$place\AppData\*" -and
                $_.Name -notmatch '^(?i)ntuser|desktop\.ini$' }).Count
    }
    finally {
        if (-not $loaded) {
            [GC]::Collect()
            $null = & reg.exe unload "HKU\$($owner.SID)" 2>&1
        }
    }
}
if ($outside -and -not $AllowOutside) { $problems.Add("$outside files lie outside OneDrive and would be lost") }
if ($problems.Count) { throw "Refused: $($problems -join '; ')." }

$lines.Sort([StringComparer]::Ordinal)
$sha = [Security.Cryptography.SHA256]::Create()
$text = [Text.Encoding]::UTF8.GetBytes(-join ($lines | ForEach-Object { "$_`n" }))
$digest = -join ($sha.ComputeHash($text) | ForEach-Object { $_.ToString('x2') })
$result = @{ files = $lines.Count; bytes = $total; digest = $digest; copy_path = 'OneDrive'; outside = $outside }
$Ansible.Changed = $false
$Ansible.Result = $result
$current = Join-Path $CopyRoot 'current.json'
$old = if (Test-Path -LiteralPath $current) { [IO.File]::ReadAllText($current) | ConvertFrom-Json }
if ($old.digest -ceq $digest -and $old.folder -ceq "e$Epoch") { return }
if ($PSCmdlet.ShouldProcess($current, 'record what OneDrive holds')) {
    $serial = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
    $null = New-Item -ItemType Directory -Path $CopyRoot -Force
    $pointer = @{
        method = 'onedrive'; folder = "e$Epoch"; serial = $serial; sample = $SampleFiles
        files = $lines.Count; bytes = $total; digest = $digest
        keep_until = (Get-Date).Date.AddDays($KeepDays).ToString('yyyy-MM-dd'); restored = $false
    }
    [IO.File]::WriteAllText("$current.new", ($pointer | ConvertTo-Json))
    Move-Item -LiteralPath "$current.new" -Destination $current -Force
}
$Ansible.Changed = $true
