# rollout-script: machine-guard
# Compare and set in one critical section: two orders for one machine must never both pass.
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory)] [string] $Serial,
    [Parameter(Mandatory)] [long] $Epoch,
    [Parameter(Mandatory)] [string] $Step,
    [Parameter(Mandatory)] [string] $Generation,
    [Parameter(Mandatory)] [AllowEmptyCollection()] [string[]] $Models
)
$ErrorActionPreference = 'Stop'
$key = 'HKLM:\SOFTWARE\Rollout'
$prefetch = 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters'

$mutex = New-Object System.Threading.Mutex($false, 'Global\rollout-machine-guard')
try {
    $held = $mutex.WaitOne([TimeSpan]::FromSeconds(30))
}
catch [System.Threading.AbandonedMutexException] {
    # The former holder died; the registry value is written in one call and cannot be half.
    $held = $true
}
if (-not $held) { throw 'Refused: another order is being checked on this machine. Try again.' }
try {
    $found = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
    $stamp = Get-ItemProperty -LiteralPath $key -ErrorAction SilentlyContinue
    $stored = if ($null -ne $stamp -and $null -ne $stamp.Epoch) { [long]$stamp.Epoch } else { [long]0 }
    if ($found -cne $Serial) {
        throw ("Refused: this machine is $env:COMPUTERNAME with serial $found, the ledger says $Serial. " +
            'Nothing was changed. Correct the ledger or find the right machine.')
    }
    # The ledger's generation decides the image and what is allowed; the hardware must be of it.
    $model = ([string](Get-CimInstance -ClassName Win32_ComputerSystem).Model).Trim()
    if ($Models -and @($Models | Where-Object { $model -like $_ }).Count -eq 0) {
        throw ("Refused: this machine is a $model, generation $Generation has $($Models -join ', '). " +
            'Nothing was changed. Correct the generation in the ledger or machine_guard_models.')
    }
    if ($stored -gt $Epoch) {
        throw ("Refused: this order has epoch $Epoch, the machine has already followed epoch $stored. " +
            'Nothing was changed. A newer order is in charge.')
    }
    if ($PSCmdlet.ShouldProcess($key, "store epoch $Epoch")) {
        if (-not (Test-Path -LiteralPath $key)) { $null = New-Item -Path $key -Force }
        $null = New-ItemProperty -LiteralPath $key -Name Epoch -PropertyType QWord -Value $Epoch -Force
        $null = New-ItemProperty -LiteralPath $key -Name Step -PropertyType String -Value $Step -Force
    }
    $system = Get-CimInstance -ClassName Win32_OperatingSystem
    $boot = (Get-ItemProperty -LiteralPath $prefetch -Name BootId).BootId
    $Ansible.Changed = $stored -ne $Epoch
    $Ansible.Result = @{
        serial = $found
        image_id = [string]$stamp.ImageId
        boot_id = '{0:yyyyMMddHHmmss}-{1}' -f $system.InstallDate.ToUniversalTime(), $boot
        stored_epoch = $Epoch
        stamp_epoch = [long]$stamp.StampEpoch
    }
}
finally {
    $mutex.ReleaseMutex()
    $mutex.Dispose()
}
