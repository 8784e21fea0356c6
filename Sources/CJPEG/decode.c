// The error trap. Errors and warnings alike leave libjpeg by longjmp to one place, which frees
// everything; nothing that lives across the jump is changed after setjmp except through `trap`.
#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

struct trap {
    // First, because libjpeg hands back pointers to these two.
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct decoder;
    const struct vault_jpeg_budget *budget;
    uint64_t pixels;
    enum vault_jpeg_end end;
    jmp_buf out;
};

static struct trap *trap_of(j_common_ptr decoder) { return decoder->client_data; }

__attribute__((noreturn)) static void leave(struct trap *trap, enum vault_jpeg_end end) {
    trap->end = end;
    longjmp(trap->out, 1);
}

__attribute__((noreturn)) static void on_error(j_common_ptr decoder) {
    int code = decoder->err->msg_code;
    int memory = code == JERR_NO_BACKING_STORE || code == JERR_OUT_OF_MEMORY;
    leave(trap_of(decoder), memory ? VAULT_JPEG_MEMORY : VAULT_JPEG_BROKEN);
}

// Levels below zero are warnings, the others traces.
static void on_message(j_common_ptr decoder, int level) {
    if (level < 0) leave(trap_of(decoder), VAULT_JPEG_DAMAGED);
}

static void on_text(j_common_ptr decoder) { (void)decoder; }

// libjpeg calls this for each row of blocks it reads: here the budget of scans is kept.
static void on_progress(j_common_ptr decoder) {
    struct trap *trap = trap_of(decoder);
    uint64_t scans = (uint64_t)trap->decoder.input_scan_number;
    if (scans > trap->budget->scans) leave(trap, VAULT_JPEG_SCANS);
    if (scans * trap->pixels > trap->budget->decoded_pixels) leave(trap, VAULT_JPEG_PIXELS);
}

// A picture in several scans is kept whole, 64 coefficients of two bytes a block.
static uint64_t coefficient_bytes(const struct jpeg_decompress_struct *decoder) {
    uint64_t blocks = 0;
    for (int i = 0; i < decoder->num_components; i++) {
        const jpeg_component_info *component = &decoder->comp_info[i];
        blocks += (uint64_t)component->width_in_blocks * component->height_in_blocks;
    }
    return blocks * sizeof(JBLOCK);
}

static void check_budget(struct trap *trap) {
    struct jpeg_decompress_struct *decoder = &trap->decoder;
    trap->pixels = (uint64_t)decoder->image_width * decoder->image_height;
    if (trap->pixels > trap->budget->pixels) leave(trap, VAULT_JPEG_PIXELS);
    if (jpeg_has_multiple_scans(decoder) &&
        coefficient_bytes(decoder) > trap->budget->memory_bytes)
        leave(trap, VAULT_JPEG_MEMORY);
}

// The cheapest output that still reads all input: an eighth, no colour conversion, no smoothing.
static void choose_output(struct jpeg_decompress_struct *decoder) {
    decoder->scale_num = 1;
    decoder->scale_denom = 8;
    decoder->out_color_space = decoder->jpeg_color_space;
    decoder->dct_method = JDCT_IFAST;
    decoder->do_fancy_upsampling = FALSE;
    decoder->do_block_smoothing = FALSE;
}

static void decode(struct trap *trap, const unsigned char *bytes, size_t length) {
    struct jpeg_decompress_struct *decoder = &trap->decoder;
    jpeg_create_decompress(decoder);
    decoder->client_data = trap;
    decoder->progress = &trap->progress;
    decoder->mem->max_memory_to_use = (long)trap->budget->memory_bytes;
    jpeg_mem_src(decoder, bytes, length);
    jpeg_read_header(decoder, TRUE);
    check_budget(trap);
    choose_output(decoder);
    jpeg_start_decompress(decoder);
    JDIMENSION width = decoder->output_width * (JDIMENSION)decoder->output_components;
    JSAMPARRAY row = decoder->mem->alloc_sarray((j_common_ptr)decoder, JPOOL_IMAGE, width, 1);
    while (decoder->output_scanline < decoder->output_height) {
        if (jpeg_read_scanlines(decoder, row, 1) != 1) leave(trap, VAULT_JPEG_BROKEN);
    }
    jpeg_finish_decompress(decoder);
}

enum vault_jpeg_end vault_jpeg_decode(
    const unsigned char *bytes, size_t length, const struct vault_jpeg_budget *budget) {
    struct trap trap;
    memset(&trap, 0, sizeof trap);
    trap.budget = budget;
    trap.decoder.err = jpeg_std_error(&trap.errors);
    trap.decoder.client_data = &trap;
    trap.errors.error_exit = on_error;
    trap.errors.emit_message = on_message;
    trap.errors.output_message = on_text;
    trap.progress.progress_monitor = on_progress;
    if (setjmp(trap.out) == 0) decode(&trap, bytes, length);
    jpeg_destroy_decompress(&trap.decoder);
    return trap.end;
}

uint32_t vault_jpeg_version(void) { return LIBJPEG_TURBO_VERSION_NUMBER; }
