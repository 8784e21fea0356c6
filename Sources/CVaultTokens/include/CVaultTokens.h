#pragma once
// What a token is asked for: to keep 32 bytes, and to give them back. It runs in a child of vaultd that has no
// key of the vault and one life for one question, because the libraries that are loaded here are not ours.
// Hence what is loaded and logged in to is kept in the process: call the functions in their order, once.

#include <stddef.h>
#include <stdint.h>

// How a call ended; what is not 0 is a number of TokenFault. `number` gets the library's own result.
enum {
    VAULT_TOKEN_DONE = 0,
    VAULT_TOKEN_MODULE_FAILED = 2,
    VAULT_TOKEN_UNAVAILABLE = 3,
    VAULT_TOKEN_KEY_UNFIT = 4,
    VAULT_TOKEN_WRONG_PIN = 5,
    VAULT_TOKEN_LOCKED = 6,
};

enum { VAULT_TOKEN_SECRET_BYTES = 32, VAULT_PKCS11_NONCE_BYTES = 12, VAULT_PKCS11_SEALED_BYTES = 48 };

// PKCS #11, with the package trait PKCS11. Loads the module and starts it.
int vault_pkcs11_load(const char *module, uint32_t *number);

// Logs in to the one token of that label. `spares_attempts` leaves the PIN untried where the token says that
// one was wrong before: some allow only few.
int vault_pkcs11_login(
    const char *token, const void *pin, size_t pin_bytes, int spares_attempts, uint32_t *number);

// Seals the secret with AES-GCM under the token's one AES key of that label.
int vault_pkcs11_seal(
    const char *key, const void *nonce, const void *context, size_t context_bytes, const void *secret,
    void *sealed, uint32_t *number);

int vault_pkcs11_open(
    const char *key, const void *nonce, const void *context, size_t context_bytes, const void *sealed,
    void *secret, uint32_t *number);

// Logs out.
void vault_pkcs11_end(void);

// TPM 2, by the Feature API, with the package trait TPM2. Loads it with that configuration file.
int vault_fapi_load(const char *configuration, uint32_t *number);

// Makes the sealed object `path`. `policy` is the path of one that was imported, or empty.
int vault_fapi_seal(const char *path, const char *policy, const void *secret, uint32_t *number);

int vault_fapi_open(const char *path, void *secret, uint32_t *number);

// Removes the object.
int vault_fapi_forget(const char *path, uint32_t *number);

void vault_fapi_end(void);
