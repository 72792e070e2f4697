//! The plainest meaning of the store's port: everything in maps behind one lock. Nothing survives the process, so it
//! is for tests and benchmarks.
