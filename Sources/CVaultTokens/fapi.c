// TPM 2 by the Feature API of tpm2-tss: 32 bytes as a sealed object below the storage root key.
// Built with the package trait TPM2.
#include "CVaultTokens.h"

#ifdef VAULT_TPM2
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_fapi.h>

static FAPI_CONTEXT *context;
// By name and not linked: a machine without a TPM needs no library for one.
static void *library;
#define FAPI(name) ((__typeof__(name) *)dlsym(library, #name))

static int outcome(TSS2_RC result, int otherwise) {
    if (result == TPM2_RC_LOCKOUT) return VAULT_TOKEN_LOCKED;
    switch (result & TSS2_RC_LAYER_MASK) {
    case TSS2_TCTI_RC_LAYER: return VAULT_TOKEN_UNAVAILABLE;
    // The TPM's own word: another TPM's object, or a policy that is not met.
    case TSS2_TPM_RC_LAYER: return VAULT_TOKEN_KEY_UNFIT;
    default: break;
    }
    switch (result) {
    case TSS2_FAPI_RC_BAD_PATH:
    case TSS2_FAPI_RC_KEY_NOT_FOUND:
    case TSS2_FAPI_RC_PATH_NOT_FOUND:
    case TSS2_FAPI_RC_POLICY_UNKNOWN: return VAULT_TOKEN_KEY_UNFIT;
    default: return otherwise;
    }
}

static int ended(TSS2_RC result, int otherwise, uint32_t *number) {
    *number = result;
    return result == TSS2_RC_SUCCESS ? VAULT_TOKEN_DONE : outcome(result, otherwise);
}

static int has_functions(void) {
    return FAPI(Fapi_Initialize) && FAPI(Fapi_CreateSeal) && FAPI(Fapi_Unseal) && FAPI(Fapi_Delete) &&
        FAPI(Fapi_Free) && FAPI(Fapi_Finalize);
}

int vault_fapi_load(const char *configuration, uint32_t *number) {
    *number = 0;
    library = dlopen("libtss2-fapi.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library || !has_functions() || setenv("TSS2_FAPICONF", configuration, 1) != 0)
        return VAULT_TOKEN_MODULE_FAILED;
    return ended(FAPI(Fapi_Initialize)(&context, NULL), VAULT_TOKEN_MODULE_FAILED, number);
}

int vault_fapi_seal(const char *path, const char *policy, const void *secret, uint32_t *number) {
    // No dictionary attack is possible against 32 random bytes without a password.
    TSS2_RC result = FAPI(Fapi_CreateSeal)(
        context, path, "noda", VAULT_TOKEN_SECRET_BYTES, policy, "", secret);
    return ended(result, VAULT_TOKEN_UNAVAILABLE, number);
}

int vault_fapi_open(const char *path, void *secret, uint32_t *number) {
    uint8_t *found = NULL;
    size_t length = 0;
    int status = ended(FAPI(Fapi_Unseal)(context, path, &found, &length), VAULT_TOKEN_UNAVAILABLE, number);
    if (status != VAULT_TOKEN_DONE) return status;
    if (length == VAULT_TOKEN_SECRET_BYTES) memcpy(secret, found, length);
    explicit_bzero(found, length);
    FAPI(Fapi_Free)(found);
    return length == VAULT_TOKEN_SECRET_BYTES ? VAULT_TOKEN_DONE : VAULT_TOKEN_KEY_UNFIT;
}

int vault_fapi_forget(const char *path, uint32_t *number) {
    return ended(FAPI(Fapi_Delete)(context, path), VAULT_TOKEN_UNAVAILABLE, number);
}

void vault_fapi_end(void) {
    if (context) FAPI(Fapi_Finalize)(&context);
}

#endif
