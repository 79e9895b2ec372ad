//! The largest resident size of this process, as Linux counts it.

/// Counts from here.
pub(crate) fn reset() -> std::io::Result<()> {
    std::fs::write("/proc/self/clear_refs", "5")
}

/// The peak since the last [`reset`], in MB.
pub(crate) fn megabytes() -> std::io::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|peak| peak.split_whitespace().next());
    let kilobytes = kilobytes.and_then(|kilobytes| kilobytes.parse::<f64>().ok());
    let missing = || std::io::Error::other("/proc/self/status does not say");
    Ok(kilobytes.ok_or_else(missing)? / 1024.0)
}
