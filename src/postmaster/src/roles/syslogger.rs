//! The syslogger: takes the log of all threads and writes files.
//!
//! It ends last, when it has written what there is. If it fails, the channel keeps the lines for its successor.

use crate::shared::RoleContext;
use logging::{Collector, LogLine};
use report::Result;
use sync::Interrupt;

/// Collects until told to end.
pub fn run(role: RoleContext) -> Result<()> {
    let logger = role.shared.logger.clone();
    let mut collector = Collector::open(role.log.clone(), &role.shared.data_directory)?;
    logger.start_collecting();
    let mut lines: Vec<LogLine> = Vec::new();
    loop {
        logger.channel().take(&mut lines, collector.until_rotation());
        collector.write(&lines);
        lines.clear();
        role.interrupts.take(Interrupt::ConfigReload);
        role.pass_fault_point()?;
        if role.interrupts.take(Interrupt::Work) {
            collector.rotate();
        }
        collector.maintain();
        if role.interrupts.is_pending(Interrupt::Terminate) || role.interrupts.is_pending(Interrupt::Quit) {
            return finish(&role, &mut collector);
        }
    }
}

/// Writes what came while it was told.
fn finish(role: &RoleContext, collector: &mut Collector) -> Result<()> {
    let logger = &role.shared.logger;
    logger.stop_collecting();
    let mut lines = Vec::new();
    logger.channel().poke();
    logger.channel().take(&mut lines, None);
    collector.write(&lines);
    Ok(())
}
