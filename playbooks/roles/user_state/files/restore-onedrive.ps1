# rollout-script: restore-onedrive
# The files are in the cloud and come when the user signs in: set what makes OneDrive do that by itself.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $CopyRoot,
    [Parameter(Mandatory)] [AllowEmptyString()] [string] $TenantId
)
$ErrorActionPreference = 'Stop'
if ($TenantId -notmatch '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$') {
    throw 'Refused: user_state_onedrive_tenant_id is no tenant id. Set it in group_vars.'
}
$serial = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
$current = Join-Path $CopyRoot 'current.json'
if (-not (Test-Path -LiteralPath $current)) {
    throw "Refused: there is no record of this machine's user data in $CopyRoot. Run capture first."
}
$pointer = [IO.File]::ReadAllText($current) | ConvertFrom-Json
if ($pointer.serial -cne $serial -or $pointer.method -cne 'onedrive') {
    throw "Refused: the record in $CopyRoot is $($pointer.method) of serial $($pointer.serial), not OneDrive of $serial."
}
$key = 'HKLM:\SOFTWARE\Policies\Microsoft\OneDrive'
$wanted = [ordered]@{ SilentAccountConfig = 1; FilesOnDemandEnabled = 1; KFMSilentOptIn = $TenantId; KFMBlockOptOut = 1 }
$changed = $false
foreach ($name in $wanted.Keys) {
    $is = (Get-ItemProperty -LiteralPath $key -ErrorAction SilentlyContinue).$name
    if ($is -eq $wanted[$name]) { continue }
    $changed = $true
    if ($PSCmdlet.ShouldProcess("$key $name", 'set')) {
        if (-not (Test-Path -LiteralPath $key)) { $null = New-Item -Path $key -Force }
        $type = if ($wanted[$name] -is [int]) { 'DWord' } else { 'String' }
        $null = New-ItemProperty -LiteralPath $key -Name $name -PropertyType $type -Value $wanted[$name] -Force
    }
}
$Ansible.Changed = $changed
$Ansible.Result = @{
    files = $pointer.files; bytes = $pointer.bytes; digest = $pointer.digest; arrives = "at the user's first sign-in"
}
