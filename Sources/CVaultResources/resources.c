#include "CVaultResources.h"

// #embed is of C23; clang knows it in every C.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char contract[] = {
#embed "../VaultAPI/Resources/openapi.yaml"
};

static const unsigned char verifier_page[] = {
#embed "../vaultctl/Resources/verify.html"
};

struct vault_resource vault_contract(void) {
    return (struct vault_resource){contract, sizeof contract};
}

struct vault_resource vault_verifier_page(void) {
    return (struct vault_resource){verifier_page, sizeof verifier_page};
}
