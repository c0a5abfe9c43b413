# Carried by the image as C:\ProgramData\rollout\first-boot-check-in.ps1 and run at every start as SYSTEM
# until the rollout service has taken the report: this is how a machine proves that it has arrived.
# -Install registers it; SetupComplete.cmd, the task sequence or Intune calls that once.
[CmdletBinding()]
param (
    [switch] $Install,
    [string] $Url,
    [int] $PatienceHours = 24
)
$ErrorActionPreference = 'Stop'
$folder = Join-Path $env:ProgramData 'rollout'
$ticketFile = Join-Path $folder 'check-in.json'
$taskPath = '\rollout\'
$taskName = 'first-boot-check-in'
$key = 'HKLM:\SOFTWARE\Rollout'
$prefetch = 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters'

if ($Install) {
    $command = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File "{0}"' -f $PSCommandPath
    if ($Url) { $command += ' -Url "{0}"' -f $Url }
    $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $command
    $trigger = New-ScheduledTaskTrigger -AtStartup
    $principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -RunLevel Highest
    $settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries `
        -StartWhenAvailable -ExecutionTimeLimit ([TimeSpan]::FromHours($PatienceHours))
    $null = Register-ScheduledTask -TaskPath $taskPath -TaskName $taskName -Action $action -Trigger $trigger `
        -Principal $principal -Settings $settings -Force
    Start-ScheduledTask -TaskPath $taskPath -TaskName $taskName
    return
}

function Send-Report {
    # The answer; $null when it is worth asking again: no network yet, or the service says "later".
    param ([string] $Path, [hashtable] $Body)
    $text = [Text.Encoding]::UTF8.GetBytes(($Body | ConvertTo-Json -Depth 4))
    try {
        Invoke-RestMethod -Method Post -Uri ($script:address + $Path) -ContentType 'application/json' -Body $text -TimeoutSec 20
    }
    catch {
        $code = 0
        if ($_.Exception.PSObject.Properties['Response'] -and $_.Exception.Response) {
            $code = [int]$_.Exception.Response.StatusCode
        }
        # A refusal is an answer too: a stale token does not become good by repeating it.
        if ($code -ge 400 -and $code -lt 500) { return [pscustomobject]@{ refused = $code } }
        return $null
    }
}
function Wait-Report {
    param ([string] $Path, [hashtable] $Body)
    $until = (Get-Date).AddHours($PatienceHours)
    $pause = 5
    while ((Get-Date) -lt $until) {
        $answer = Send-Report $Path $Body
        if ($null -ne $answer) { return $answer }
        Start-Sleep -Seconds ($pause + (Get-Random -Maximum $pause))
        $pause = [math]::Min($pause * 2, 300)
    }
    throw "No answer from $script:address in $PatienceHours h. The next start tries again."
}

[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
$ticket = if (Test-Path -LiteralPath $ticketFile) { [IO.File]::ReadAllText($ticketFile) | ConvertFrom-Json }
$script:address = if ($Url) { $Url.TrimEnd('/') } else { ([string]$ticket.url).TrimEnd('/') }
if (-not $script:address) { throw 'No address to report to: neither check-in.json nor -Url names one.' }
$serial = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
$system = Get-CimInstance -ClassName Win32_OperatingSystem
$boot = '{0:yyyyMMddHHmmss}-{1}' -f $system.InstallDate.ToUniversalTime(), (Get-ItemProperty -LiteralPath $prefetch -Name BootId).BootId
$card = Get-NetAdapter -Physical | Where-Object { $_.Status -eq 'Up' } | Select-Object -First 1

if (-not $ticket.check_in_token) {
    # Wiped from afar (Intune): no order came with the system, so it is asked for, once per armed claim.
    $ticket = Wait-Report '/v1/boot' @{ mac = ([string]$card.MacAddress).Replace('-', ':'); serial = $serial; boot_id = $boot }
    if ($ticket.action -ne 'install') { throw 'The rollout service has no order for this machine.' }
    $null = New-Item -ItemType Directory -Path $folder -Force
    [IO.File]::WriteAllText($ticketFile, ($ticket | ConvertTo-Json))
}
if (-not (Test-Path -LiteralPath $key)) { $null = New-Item -Path $key -Force }
$null = New-ItemProperty -LiteralPath $key -Name ImageId -PropertyType String -Value ([string]$ticket.image_id) -Force
foreach ($name in 'Epoch', 'StampEpoch') {
    $null = New-ItemProperty -LiteralPath $key -Name $name -PropertyType QWord -Value ([long]$ticket.epoch) -Force
}

$hostKey = Join-Path $env:ProgramData 'ssh\ssh_host_ed25519_key.pub'
$report = @{
    token = [string]$ticket.check_in_token
    serial = $serial
    image_id = [string]$ticket.image_id
    boot_id = $boot
    versions = @{ os = "$($system.Caption) $($system.Version)"; agent = '1' }
}
if (Test-Path -LiteralPath $hostKey) {
    $report.host_key = ((Get-Content -LiteralPath $hostKey -TotalCount 1) -split ' ')[0..1] -join ' '
}
$answer = Wait-Report '/v1/check-in' $report
# The token is worth nothing any more either way, and must not stay on the disk.
Remove-Item -LiteralPath $ticketFile -Force -ErrorAction SilentlyContinue
Unregister-ScheduledTask -TaskPath $taskPath -TaskName $taskName -Confirm:$false -ErrorAction SilentlyContinue
if ($answer.refused) { throw "The rollout service refused the report ($($answer.refused)): an operator has to look." }
