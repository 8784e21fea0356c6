import CVaultResources

/// The contract as it is served at `/v1/openapi.yaml`: the file beside this code, built in.
package enum Contract {
    package static let openAPI: [UInt8] = {
        let file = unsafe vault_contract()
        // Bytes of the program, which last.
        return unsafe Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
    }()
}
