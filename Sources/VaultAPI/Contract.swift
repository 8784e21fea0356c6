/// The contract as it is served at `/v1/openapi.yaml`: the file beside this code, built in.
package enum Contract {
    package static let openAPI: [UInt8] = PackageResources.openapi_yaml
}
