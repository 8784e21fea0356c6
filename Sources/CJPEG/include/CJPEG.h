#pragma once
// libjpeg-turbo as one call: does this JPEG decode, wholly, without an error or a warning, within
// its budget? It needs C because libjpeg reports an error by a function that must not return.

#include <stddef.h>
#include <stdint.h>

enum vault_jpeg_end {
    VAULT_JPEG_SOUND = 0,
    VAULT_JPEG_BROKEN = 1,   // libjpeg-turbo gave up
    VAULT_JPEG_DAMAGED = 2,  // libjpeg-turbo warned
    VAULT_JPEG_PIXELS = 3,   // more pixels than allowed, in the picture or over all scans
    VAULT_JPEG_SCANS = 4,
    VAULT_JPEG_MEMORY = 5,
};

struct vault_jpeg_budget {
    uint64_t pixels;          // width × height; the caller keeps it below 2^32
    uint64_t decoded_pixels;  // that times the scans
    uint64_t scans;
    uint64_t memory_bytes;    // coefficients of a picture in several scans
};

// Decodes at an eighth of the size: every coded bit is read, few pixels are made. Pixels go
// nowhere.
enum vault_jpeg_end vault_jpeg_decode(
    const unsigned char *bytes, size_t length, const struct vault_jpeg_budget *budget);

// The version of libjpeg-turbo's headers, as 2001005 for 2.1.5: the library does not say its own.
uint32_t vault_jpeg_version(void);
