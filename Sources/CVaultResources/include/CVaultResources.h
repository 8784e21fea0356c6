// Files that are part of the programs: built in, so that none can be missing or another's.

#ifndef CVAULTRESOURCES_H
#define CVAULTRESOURCES_H

#include <stddef.h>

// A file's bytes, for as long as the program runs; not terminated.
struct vault_resource {
    const unsigned char *bytes;
    size_t count;
};

// The contract, openapi.yaml.
struct vault_resource vault_contract(void);

// The page that verifies a bundle in a browser, verify.html.
struct vault_resource vault_verifier_page(void);

#endif
