# rollout-script: machine-stamp
# Who this machine is and whose order made its image. Reads only.
[CmdletBinding(SupportsShouldProcess)]
param ()
$ErrorActionPreference = 'Stop'
$prefetch = 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters'
$stamp = Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Rollout' -ErrorAction SilentlyContinue
$system = Get-CimInstance -ClassName Win32_OperatingSystem
$boot = (Get-ItemProperty -LiteralPath $prefetch -Name BootId).BootId
$Ansible.Changed = $false
$Ansible.Result = @{
    serial = ([string](Get-CimInstance -ClassName Win32_BIOS).SerialNumber).Trim()
    image_id = [string]$stamp.ImageId
    boot_id = '{0:yyyyMMddHHmmss}-{1}' -f $system.InstallDate.ToUniversalTime(), $boot
    stored_epoch = [long]$stamp.Epoch
    stamp_epoch = [long]$stamp.StampEpoch
}
