// Level `decode` of a JPEG: libjpeg-turbo reads every coded bit; a warning is a refusal.

import CJPEG
import VaultFormat

enum JPEGDecode {
    /// Judges one picture, from its first to its end marker.
    static func run(_ image: borrowing Span<UInt8>, _ budget: WorkerBudget) -> DecodeOutcome {
        var limits = vault_jpeg_budget(
            pixels: budget.pixels, decoded_pixels: budget.decodedPixels, scans: budget.scans,
            memory_bytes: Limits.workerCoefficientBytes)
        let end = unsafe image.withUnsafeBufferPointer { bytes in
            // libjpeg reads `count` bytes, and keeps neither pointer.
            unsafe vault_jpeg_decode(bytes.baseAddress, bytes.count, &limits)
        }
        return switch end {
        case VAULT_JPEG_SOUND: .sound
        case VAULT_JPEG_DAMAGED: .jpegDamaged
        case VAULT_JPEG_PIXELS: .tooManyPixels
        case VAULT_JPEG_SCANS: .tooManyScans
        case VAULT_JPEG_MEMORY: .tooMuchMemory
        default: .jpegBroken
        }
    }
}
