/// Every bound of the vault, with its unit and its reason. Nothing loops, queues, buffers or batches
/// without one of these. Areas add theirs in an extension beside this file (`Limits+….swift`).
package enum Limits {}
