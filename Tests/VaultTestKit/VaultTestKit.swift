// VaultTestKit
