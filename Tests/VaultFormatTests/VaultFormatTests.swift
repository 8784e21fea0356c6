// VaultFormatTests
