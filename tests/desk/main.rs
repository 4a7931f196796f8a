//! The parts together, in process: workflow, ledger, backends and simulator.
