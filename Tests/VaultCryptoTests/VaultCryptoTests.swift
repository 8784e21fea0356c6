// VaultCryptoTests
