// PKCS #11: a module is loaded, and one AES key of one token seals or opens 32 bytes.
// Built with the package trait PKCS11.
#include "CVaultTokens.h"

#ifdef VAULT_PKCS11
#include <dlfcn.h>
#include <p11-kit-1/p11-kit/pkcs11.h>
#include <string.h>

// More tokens than any machine has that runs this, and a bound for the module's answer.
enum { SLOTS = 64 };

static CK_FUNCTION_LIST *module;
static CK_SESSION_HANDLE session;

static int outcome(CK_RV result, int otherwise) {
    switch (result) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE: return VAULT_TOKEN_WRONG_PIN;
    case CKR_PIN_LOCKED:
    case CKR_PIN_EXPIRED: return VAULT_TOKEN_LOCKED;
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_DEVICE_ERROR:
    case CKR_DEVICE_REMOVED:
    case CKR_SESSION_HANDLE_INVALID: return VAULT_TOKEN_UNAVAILABLE;
    default: return otherwise;
    }
}

// What to answer for a call that failed.
static int failed(CK_RV result, int otherwise, uint32_t *number) {
    *number = (uint32_t)result;
    return outcome(result, otherwise);
}

int vault_pkcs11_load(const char *path, uint32_t *number) {
    *number = 0;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList list = library ? (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList") : NULL;
    if (!list) return VAULT_TOKEN_MODULE_FAILED;
    CK_RV result = list(&module);
    if (result != CKR_OK || !module) return failed(result, VAULT_TOKEN_MODULE_FAILED, number);
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
    result = module->C_Initialize(&arguments);
    return result == CKR_OK ? VAULT_TOKEN_DONE : failed(result, VAULT_TOKEN_MODULE_FAILED, number);
}

// Labels are padded with blanks to a fixed width.
static int has_label(const CK_TOKEN_INFO *token, const char *label) {
    size_t length = strlen(label);
    if (length > sizeof token->label || memcmp(token->label, label, length) != 0) return 0;
    for (size_t i = length; i < sizeof token->label; i++)
        if (token->label[i] != ' ') return 0;
    return 1;
}

// The one token of that label: with two the PIN would go to either.
static int find_token(const char *label, CK_SLOT_ID *found, CK_TOKEN_INFO *token, uint32_t *number) {
    CK_SLOT_ID slots[SLOTS];
    CK_ULONG count = SLOTS;
    CK_RV result = module->C_GetSlotList(CK_TRUE, slots, &count);
    if (result != CKR_OK) return failed(result, VAULT_TOKEN_UNAVAILABLE, number);
    int fitting = 0;
    for (CK_ULONG i = 0; i < count && i < SLOTS; i++) {
        CK_TOKEN_INFO info;
        if (module->C_GetTokenInfo(slots[i], &info) != CKR_OK || !has_label(&info, label)) continue;
        *found = slots[i];
        *token = info;
        fitting++;
    }
    return fitting == 1 ? VAULT_TOKEN_DONE : VAULT_TOKEN_UNAVAILABLE;
}

int vault_pkcs11_login(
    const char *label, const void *pin, size_t pin_bytes, int spares_attempts, uint32_t *number) {
    CK_SLOT_ID slot = 0;
    CK_TOKEN_INFO token;
    *number = 0;
    int status = find_token(label, &slot, &token, number);
    if (status != VAULT_TOKEN_DONE) return status;
    CK_FLAGS endangered = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;
    if (token.flags & (CKF_USER_PIN_LOCKED | (spares_attempts ? endangered : 0)))
        return VAULT_TOKEN_LOCKED;
    CK_RV result = module->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
    if (result != CKR_OK) return failed(result, VAULT_TOKEN_UNAVAILABLE, number);
    result = module->C_Login(session, CKU_USER, (CK_UTF8CHAR *)pin, pin_bytes);
    if (result == CKR_USER_ALREADY_LOGGED_IN) result = CKR_OK;
    return result == CKR_OK ? VAULT_TOKEN_DONE : failed(result, VAULT_TOKEN_UNAVAILABLE, number);
}

// The one AES key of that label: with two there is no telling which sealed.
static int find_key(const char *label, CK_OBJECT_HANDLE *key, uint32_t *number) {
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE wanted[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_LABEL, (void *)label, strlen(label)}};
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count = 0;
    CK_RV result = module->C_FindObjectsInit(session, wanted, sizeof wanted / sizeof *wanted);
    if (result == CKR_OK) {
        result = module->C_FindObjects(session, found, 2, &count);
        module->C_FindObjectsFinal(session);
    }
    if (result != CKR_OK) return failed(result, VAULT_TOKEN_UNAVAILABLE, number);
    if (count != 1) return VAULT_TOKEN_KEY_UNFIT;
    *key = found[0];
    return VAULT_TOKEN_DONE;
}

static CK_GCM_PARAMS parameters(const void *nonce, const void *context, size_t context_bytes) {
    return (CK_GCM_PARAMS){
        .pIv = (CK_BYTE *)nonce,
        .ulIvLen = VAULT_PKCS11_NONCE_BYTES,
        .ulIvBits = 8 * VAULT_PKCS11_NONCE_BYTES,
        .pAAD = (CK_BYTE *)context,
        .ulAADLen = context_bytes,
        .ulTagBits = 8 * (VAULT_PKCS11_SEALED_BYTES - VAULT_TOKEN_SECRET_BYTES)};
}

int vault_pkcs11_seal(
    const char *label, const void *nonce, const void *context, size_t context_bytes, const void *secret,
    void *sealed, uint32_t *number) {
    *number = 0;
    CK_OBJECT_HANDLE key;
    int status = find_key(label, &key, number);
    if (status != VAULT_TOKEN_DONE) return status;
    CK_GCM_PARAMS gcm = parameters(nonce, context, context_bytes);
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof gcm};
    CK_ULONG length = VAULT_PKCS11_SEALED_BYTES;
    CK_RV result = module->C_EncryptInit(session, &mechanism, key);
    if (result == CKR_OK)
        result = module->C_Encrypt(session, (CK_BYTE *)secret, VAULT_TOKEN_SECRET_BYTES, sealed, &length);
    if (result != CKR_OK) return failed(result, VAULT_TOKEN_KEY_UNFIT, number);
    return length == VAULT_PKCS11_SEALED_BYTES ? VAULT_TOKEN_DONE : VAULT_TOKEN_KEY_UNFIT;
}

int vault_pkcs11_open(
    const char *label, const void *nonce, const void *context, size_t context_bytes, const void *sealed,
    void *secret, uint32_t *number) {
    *number = 0;
    CK_OBJECT_HANDLE key;
    int status = find_key(label, &key, number);
    if (status != VAULT_TOKEN_DONE) return status;
    CK_GCM_PARAMS gcm = parameters(nonce, context, context_bytes);
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof gcm};
    // Some modules want room for the tag too.
    CK_BYTE room[VAULT_PKCS11_SEALED_BYTES];
    CK_ULONG length = sizeof room;
    CK_RV result = module->C_DecryptInit(session, &mechanism, key);
    if (result == CKR_OK)
        result = module->C_Decrypt(session, (CK_BYTE *)sealed, VAULT_PKCS11_SEALED_BYTES, room, &length);
    if (result == CKR_OK && length == VAULT_TOKEN_SECRET_BYTES) memcpy(secret, room, length);
    explicit_bzero(room, sizeof room);
    if (result != CKR_OK) return failed(result, VAULT_TOKEN_KEY_UNFIT, number);
    return length == VAULT_TOKEN_SECRET_BYTES ? VAULT_TOKEN_DONE : VAULT_TOKEN_KEY_UNFIT;
}

void vault_pkcs11_end(void) {
    if (module) module->C_Finalize(NULL);
}

#endif
