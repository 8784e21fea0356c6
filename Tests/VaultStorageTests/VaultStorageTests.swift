// VaultStorageTests
