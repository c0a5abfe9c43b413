# rollout-script: run-as-system
# Long work belongs to the machine, not to the session: a scheduled task as SYSTEM goes on when the
# connection breaks, and a later order for the same work follows it in place of starting it again.
# What ended while nobody was there is told once, to the order that had started it.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $Name,
    [Parameter(Mandatory)] [string] $Script,
    [Parameter(Mandatory)] [string] $Parameters,
    [Parameter(Mandatory)] [string] $Work,
    [Parameter(Mandatory)] [long] $Epoch,
    [Parameter(Mandatory)] [int] $WaitSeconds,
    [Parameter(Mandatory)] [int] $LimitSeconds
)
$ErrorActionPreference = 'Stop'
# In check mode the work itself runs with -WhatIf; what carries it must run in earnest.
$check = [bool]$WhatIfPreference
$WhatIfPreference = $false

$root = Join-Path $env:ProgramData 'rollout'
$folder = Join-Path $root "tasks\$Name"
$statusFile = Join-Path $folder 'status.json'
$sha = [Security.Cryptography.SHA256]::Create()
$bytes = [Text.Encoding]::UTF8.GetBytes("$check`n$Script`n$Work")
$id = -join ($sha.ComputeHash($bytes) | ForEach-Object { $_.ToString('x2') })

function Get-Task { Get-ScheduledTask -TaskPath '\rollout\' -TaskName $Name -ErrorAction SilentlyContinue }
function Test-Running { "$((Get-Task).State)" -in 'Running', 'Queued' }
function Get-Status {
    # Not Get-Content: it takes UTF-8 for the local code page.
    if (Test-Path -LiteralPath $statusFile) { [IO.File]::ReadAllText($statusFile) | ConvertFrom-Json }
}

$status = Get-Status
if (Test-Running) {
    if ($null -eq $status -or $status.id -cne $id) {
        throw "Refused: other work '$Name' still runs on this machine. Wait for its end, then run the step again."
    }
}
# A status counts only beside the task that an administrator registered: others could have written it.
elseif ($null -eq (Get-Task) -or $null -eq $status -or -not $status.ended -or $status.id -cne $id -or
    $status.epoch -ne $Epoch) {
    # Whoever can write here can act as SYSTEM: for administrators and SYSTEM only, made anew each time.
    if (Test-Path -LiteralPath $folder) { Remove-Item -LiteralPath $folder -Recurse -Force }
    $null = New-Item -ItemType Directory -Path $folder -Force
    foreach ($path in $root, $folder) {
        # The owner first: who made the folder before us could give himself every right again.
        $said = & icacls.exe $path /setowner '*S-1-5-32-544'
        if ($LASTEXITCODE -eq 0) {
            $said = & icacls.exe $path /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F'
        }
        if ($LASTEXITCODE -ne 0) { throw "icacls of $path ended with $LASTEXITCODE`: $($said -join ' ')" }
    }
    [IO.File]::WriteAllText((Join-Path $folder 'work.ps1'), $Script)
    [IO.File]::WriteAllText((Join-Path $folder 'parameters.json'), $Parameters)
    [IO.File]::WriteAllText($statusFile, (@{ id = $id; epoch = $Epoch; ended = $false } | ConvertTo-Json))
    $carrier = @'
param ([string] $Id, [long] $Epoch, [string] $Check)
$ErrorActionPreference = 'Stop'
$Ansible = [pscustomobject]@{ Changed = $true; Result = @{}; CheckMode = ($Check -eq 'yes') }
$given = @{}
([IO.File]::ReadAllText((Join-Path $PSScriptRoot 'parameters.json')) | ConvertFrom-Json).PSObject.Properties |
    ForEach-Object { $given[$_.Name] = $_.Value }
if ($Ansible.CheckMode) { $given['WhatIf'] = $true }
$status = @{ id = $Id; epoch = $Epoch; ended = $true; failed = $false }
try {
    $null = & (Join-Path $PSScriptRoot 'work.ps1') @given
    $status.changed = [bool]$Ansible.Changed
    $status.value = $Ansible.Result
}
catch {
    $status.failed = $true
    $status.message = $_.Exception.Message
}
$new = Join-Path $PSScriptRoot 'status.new'
[IO.File]::WriteAllText($new, ($status | ConvertTo-Json -Depth 6))
Move-Item -LiteralPath $new -Destination (Join-Path $PSScriptRoot 'status.json') -Force
'@
    $file = Join-Path $folder 'carrier.ps1'
    [IO.File]::WriteAllText($file, $carrier)
    $arguments = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File "{0}" -Id {1} -Epoch {2} -Check {3}' -f
        $file, $id, $Epoch, $(if ($check) { 'yes' } else { 'no' })
    $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $arguments
    $settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries `
        -MultipleInstances IgnoreNew -ExecutionTimeLimit ([TimeSpan]::FromSeconds($LimitSeconds))
    $principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -RunLevel Highest
    $null = Register-ScheduledTask -TaskPath '\rollout\' -TaskName $Name -Action $action -Settings $settings `
        -Principal $principal -Force
    Start-ScheduledTask -TaskPath '\rollout\' -TaskName $Name
}

$until = (Get-Date).AddSeconds($WaitSeconds)
$status = Get-Status
while (-not $status.ended) {
    if ((Get-Date) -gt $until) {
        throw "'$Name' still runs after $WaitSeconds s and goes on by itself. Run the step again to follow it."
    }
    Start-Sleep -Seconds 2
    $running = Test-Running
    $status = Get-Status
    if (-not $running -and -not $status.ended) {
        $code = (Get-ScheduledTaskInfo -TaskPath '\rollout\' -TaskName $Name).LastTaskResult
        throw "'$Name' ended without a result (task result $code): it was cut off. Run the step again."
    }
}
Unregister-ScheduledTask -TaskPath '\rollout\' -TaskName $Name -Confirm:$false -ErrorAction SilentlyContinue
Remove-Item -LiteralPath $folder -Recurse -Force
if ($status.failed) { throw $status.message }
$Ansible.Changed = [bool]$status.changed
$Ansible.Result = @{ value = $status.value }
