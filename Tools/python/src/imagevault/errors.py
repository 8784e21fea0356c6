"""The vault's error codes, one exception each. Made by generate_errors.py."""

from __future__ import annotations

from ._base import VaultError


class BadRequest(VaultError):
    """`bad-request`: The request is not understood."""

    default_code = "bad-request"
    default_status = 400
    default_title = "The request is not understood"
    default_fix = "Compare it with /v1/openapi.yaml."


class UnknownRoute(VaultError):
    """`unknown-route`: There is no such path."""

    default_code = "unknown-route"
    default_status = 404
    default_title = "There is no such path"
    default_fix = "See /v1/openapi.yaml for the paths of this socket."


class MethodNotAllowed(VaultError):
    """`method-not-allowed`: The path does not take this method."""

    default_code = "method-not-allowed"
    default_status = 405
    default_title = "The path does not take this method"
    default_fix = "Use a method from the Allow header."


class UnknownParameter(VaultError):
    """`unknown-parameter`: A query parameter is not known."""

    default_code = "unknown-parameter"
    default_status = 400
    default_title = "A query parameter is not known"
    default_fix = "Remove it; names go in headers."


class InvalidParameter(VaultError):
    """`invalid-parameter`: A query parameter is out of range."""

    default_code = "invalid-parameter"
    default_status = 400
    default_title = "A query parameter is out of range"
    default_fix = "Use the range in /v1/openapi.yaml."


class InvalidId(VaultError):
    """`invalid-id`: That is not an image id."""

    default_code = "invalid-id"
    default_status = 400
    default_title = "That is not an image id"
    default_fix = "Send the 64 lower-case hexadecimal digits of id."


class InvalidName(VaultError):
    """`invalid-name`: The file name cannot be kept."""

    default_code = "invalid-name"
    default_status = 400
    default_title = "The file name cannot be kept"
    default_fix = "Send 1 to 255 bytes of UTF-8 without control or direction characters."


class MissingName(VaultError):
    """`missing-name`: The upload has no file name."""

    default_code = "missing-name"
    default_status = 400
    default_title = "The upload has no file name"
    default_fix = 'Send Content-Disposition: attachment; filename="photo.jpg".'


class InvalidJob(VaultError):
    """`invalid-job`: Vault-Job is not a job."""

    default_code = "invalid-job"
    default_status = 400
    default_title = "Vault-Job is not a job"
    default_fix = "Send 1 to 64 of A-Z a-z 0-9 _ -, once."


class InvalidOwner(VaultError):
    """`invalid-owner`: Vault-Owner is not an owner."""

    default_code = "invalid-owner"
    default_status = 400
    default_title = "Vault-Owner is not an owner"
    default_fix = "Send 1 to 64 of A-Z a-z 0-9 _ -, once."


class InvalidDigest(VaultError):
    """`invalid-digest`: Content-Digest is not a digest."""

    default_code = "invalid-digest"
    default_status = 400
    default_title = "Content-Digest is not a digest"
    default_fix = "Send sha-256=: and the Base64 of 32 bytes and a colon, once."


class InvalidHeader(VaultError):
    """`invalid-header`: A header field is not understood."""

    default_code = "invalid-header"
    default_status = 400
    default_title = "A header field is not understood"
    default_fix = "See the header's form in /v1/openapi.yaml; detail names it."


class InvalidBody(VaultError):
    """`invalid-body`: The request's body is not understood."""

    default_code = "invalid-body"
    default_status = 400
    default_title = "The request's body is not understood"
    default_fix = "See the body's schema in /v1/openapi.yaml; detail says what it must be."


class DigestMismatch(VaultError):
    """`digest-mismatch`: The upload is not what its digest says."""

    default_code = "digest-mismatch"
    default_status = 400
    default_title = "The upload is not what its digest says"
    default_fix = "Send it again; if it fails again, look at what lies between."


class EmptyBody(VaultError):
    """`empty-body`: The upload is empty."""

    default_code = "empty-body"
    default_status = 400
    default_title = "The upload is empty"
    default_fix = "Send the image's bytes as the body."


class BodyTooLarge(VaultError):
    """`body-too-large`: The upload is larger than the limit."""

    default_code = "body-too-large"
    default_status = 413
    default_title = "The upload is larger than the limit"
    default_fix = "Send a smaller image."


class UploadIncomplete(VaultError):
    """`upload-incomplete`: The upload ended early."""

    default_code = "upload-incomplete"
    default_status = 400
    default_title = "The upload ended early"
    default_fix = "Send as many bytes as Content-Length says."


class UploadTimeout(VaultError):
    """`upload-timeout`: The upload took too long."""

    default_code = "upload-timeout"
    default_status = 408
    default_retryable = True
    default_retry_after = 1.0
    default_title = "The upload took too long"
    default_fix = "Send it again without pauses."


class DownloadIncomplete(VaultError):
    """`download-incomplete`: The reader went away before the end."""

    default_code = "download-incomplete"
    default_status = 400
    default_title = "The reader went away before the end"
    default_fix = "Fetch the image again."


class RangeNotSatisfiable(VaultError):
    """`range-not-satisfiable`: The image has no such bytes."""

    default_code = "range-not-satisfiable"
    default_status = 416
    default_title = "The image has no such bytes"
    default_fix = "Ask for a range inside the bytes that Content-Range tells."


class DeadlineExceeded(VaultError):
    """`deadline-exceeded`: Vault-Timeout-Ms ran out before the answer."""

    default_code = "deadline-exceeded"
    default_status = 504
    default_retryable = True
    default_retry_after = 1.0
    default_title = "Vault-Timeout-Ms ran out before the answer"
    default_fix = "Nothing was changed. Send it again, with more time."


class CrossSite(VaultError):
    """`cross-site`: A browser sent this from a page."""

    default_code = "cross-site"
    default_status = 403
    default_title = "A browser sent this from a page"
    default_fix = "Call the vault from the backend; never pass a browser's request through."


class NotPermitted(VaultError):
    """`not-permitted`: You may not do this here."""

    default_code = "not-permitted"
    default_status = 403
    default_title = "You may not do this here"
    default_fix = "Ask an admin: vaultctl policy explain tells who may do what."


class RateLimited(VaultError):
    """`rate-limited`: Too many requests."""

    default_code = "rate-limited"
    default_status = 429
    default_retryable = True
    default_retry_after = 1.0
    default_title = "Too many requests"
    default_fix = "Send it again after Retry-After; the limits stand in vaultd's settings."


class TokenRequired(VaultError):
    """`token-required`: Who asks through a proxy has to show a token or a ticket."""

    default_code = "token-required"
    default_status = 401
    default_title = "Who asks through a proxy has to show a token or a ticket"
    default_fix = "Send Authorization: Bearer and a token, or the ticket that the backend gave you."


class TokenRefused(VaultError):
    """`token-refused`: The token is good for nothing."""

    default_code = "token-refused"
    default_status = 401
    default_title = "The token is good for nothing"
    default_fix = (
        "Ask an admin for a new one: it is mistyped, has expired or was revoked, or its principal takes none."
    )


class TicketRefused(VaultError):
    """`ticket-refused`: The ticket is good for nothing here."""

    default_code = "ticket-refused"
    default_status = 403
    default_title = "The ticket is good for nothing here"
    default_fix = (
        "Ask the backend for a new one: it was for another image, is used up, or has expired."
    )


class UnknownToken(VaultError):
    """`unknown-token`: There is no such token."""

    default_code = "unknown-token"
    default_status = 404
    default_title = "There is no such token"
    default_fix = "Use an id from vaultctl token ls."


class TooManyTokens(VaultError):
    """`too-many-tokens`: The vault has as many access tokens as it may."""

    default_code = "too-many-tokens"
    default_status = 409
    default_title = "The vault has as many access tokens as it may"
    default_fix = "Revoke one that has expired; vaultctl token ls lists them."


class UnknownNamespace(VaultError):
    """`unknown-namespace`: The namespace is not made yet."""

    default_code = "unknown-namespace"
    default_status = 409
    default_title = "The namespace is not made yet"
    default_fix = "Ask an admin: vaultctl namespace create makes it."


class NamespaceExists(VaultError):
    """`namespace-exists`: The namespace is there already."""

    default_code = "namespace-exists"
    default_status = 409
    default_title = "The namespace is there already"
    default_fix = "Nothing is to be done."


class TooManyNamespaces(VaultError):
    """`too-many-namespaces`: The vault has as many namespaces as it may."""

    default_code = "too-many-namespaces"
    default_status = 409
    default_title = "The vault has as many namespaces as it may"
    default_fix = "Use one that is there; none goes."


class QuotaExceeded(VaultError):
    """`quota-exceeded`: The namespace has as much as it may."""

    default_code = "quota-exceeded"
    default_status = 409
    default_title = "The namespace has as much as it may"
    default_fix = "Delete something, or ask an admin for a larger quota."


class UnknownImage(VaultError):
    """`unknown-image`: No such image for you."""

    default_code = "unknown-image"
    default_status = 404
    default_title = "No such image for you"
    default_fix = "Check the id, and the Vault-Job and Vault-Owner it was stored under."


class UnknownOperation(VaultError):
    """`unknown-operation`: There is no such operation."""

    default_code = "unknown-operation"
    default_status = 404
    default_title = "There is no such operation"
    default_fix = "List them; finished ones are forgotten in time."


class OperationConflict(VaultError):
    """`operation-conflict`: The operation's state does not allow that."""

    default_code = "operation-conflict"
    default_status = 409
    default_title = "The operation's state does not allow that"
    default_fix = "Look at it; another of its kind may have to end first."


class IdempotencyKeyReused(VaultError):
    """`idempotency-key-reused`: That key belongs to another request."""

    default_code = "idempotency-key-reused"
    default_status = 422
    default_title = "That key belongs to another request"
    default_fix = "Send the same request under it, or this one under a new key."


class IdempotencyKeyInUse(VaultError):
    """`idempotency-key-in-use`: The request under that key is still being answered."""

    default_code = "idempotency-key-in-use"
    default_status = 409
    default_retryable = True
    default_retry_after = 1.0
    default_title = "The request under that key is still being answered"
    default_fix = "Send it again later, under the same key."


class Quarantined(VaultError):
    """`quarantined`: The image is quarantined."""

    default_code = "quarantined"
    default_status = 409
    default_title = "The image is quarantined"
    default_fix = "Ask an admin: it can be neither read, stored nor deleted until released."


class NotQuarantined(VaultError):
    """`not-quarantined`: The image is not quarantined."""

    default_code = "not-quarantined"
    default_status = 409
    default_title = "The image is not quarantined"
    default_fix = "Only what is quarantined is released."


class UnknownApproval(VaultError):
    """`unknown-approval`: There is no such request."""

    default_code = "unknown-approval"
    default_status = 404
    default_title = "There is no such request"
    default_fix = "List the requests that wait."


class ApprovalUsed(VaultError):
    """`approval-used`: The request was approved before."""

    default_code = "approval-used"
    default_status = 409
    default_title = "The request was approved before"
    default_fix = "Ask anew if it is wanted again."


class ApprovalExpired(VaultError):
    """`approval-expired`: The request waited too long."""

    default_code = "approval-expired"
    default_status = 409
    default_title = "The request waited too long"
    default_fix = "Ask anew."


class ApprovalMismatch(VaultError):
    """`approval-mismatch`: The request is another than the one approved."""

    default_code = "approval-mismatch"
    default_status = 409
    default_title = "The request is another than the one approved"
    default_fix = "Look at it again and send its digest."


class SecondPersonRequired(VaultError):
    """`second-person-required`: Somebody else has to approve."""

    default_code = "second-person-required"
    default_status = 403
    default_title = "Somebody else has to approve"
    default_fix = "Let an admin who did not ask for it approve."


class ApprovalNeeded(VaultError):
    """`approval-needed`: Somebody else has to approve this first."""

    default_code = "approval-needed"
    default_status = 403
    default_title = "Somebody else has to approve this first"
    default_fix = "Let another admin approve it, then send it again with Vault-Approval."


class PolicyRefused(VaultError):
    """`policy-refused`: The policy's file is not in order, and the old one stays."""

    default_code = "policy-refused"
    default_status = 409
    default_title = "The policy's file is not in order, and the old one stays"
    default_fix = "Mend what the detail names; vaultctl policy check FILE looks for more."


class NoPolicy(VaultError):
    """`no-policy`: There is no policy's file."""

    default_code = "no-policy"
    default_status = 409
    default_title = "There is no policy's file"
    default_fix = "Set policy_file in the daemon's settings, and start it again."


class Suspended(VaultError):
    """`suspended`: You may not do this while an incident is looked into."""

    default_code = "suspended"
    default_status = 403
    default_title = "You may not do this while an incident is looked into"
    default_fix = "Ask an admin, whom vaultctl incidents list tells until when."


class LastAdmin(VaultError):
    """`last-admin`: Nobody would be left who may lift a containment."""

    default_code = "last-admin"
    default_status = 409
    default_title = "Nobody would be left who may lift a containment"
    default_fix = "Give somebody else the role admin first, or choose throttle."


class UnknownIncident(VaultError):
    """`unknown-incident`: There is no such incident."""

    default_code = "unknown-incident"
    default_status = 404
    default_title = "There is no such incident"
    default_fix = "Use an id from vaultctl incidents list."


class IncidentClosed(VaultError):
    """`incident-closed`: The incident is closed."""

    default_code = "incident-closed"
    default_status = 409
    default_title = "The incident is closed"
    default_fix = "Open another; what a case says of a closed one stays as it is."


class CaseDamaged(VaultError):
    """`case-damaged`: The case is not what the vault wrote."""

    default_code = "case-damaged"
    default_status = 500
    default_title = "The case is not what the vault wrote"
    default_fix = "Take a copy of the file as it is; its digest in the log says what it was."


class ImageRefused(VaultError):
    """`image-refused`: The upload is not a sound image."""

    default_code = "image-refused"
    default_status = 422
    default_title = "The upload is not a sound image"
    default_fix = "See finding; send the image re-saved."


class InspectionFailed(VaultError):
    """`inspection-failed`: The inspector gave no answer."""

    default_code = "inspection-failed"
    default_status = 503
    default_retryable = True
    default_retry_after = 0.5
    default_title = "The inspector gave no answer"
    default_fix = "Send it once more; if it fails again, send the image re-saved."


class VaultSealed(VaultError):
    """`sealed`: The vault is sealed."""

    default_code = "sealed"
    default_status = 503
    default_retryable = True
    default_retry_after = 5.0
    default_title = "The vault is sealed"
    default_fix = "An admin must give it its key."


class VaultOverloaded(VaultError):
    """`overloaded`: The vault is busy."""

    default_code = "overloaded"
    default_status = 503
    default_retryable = True
    default_retry_after = 1.0
    default_title = "The vault is busy"
    default_fix = "Send it again later."


class AuditUnavailable(VaultError):
    """`audit-unavailable`: The access log cannot be written."""

    default_code = "audit-unavailable"
    default_status = 503
    default_retryable = True
    default_retry_after = 2.0
    default_title = "The access log cannot be written"
    default_fix = "An admin must see to the disk."


class StorageUnavailable(VaultError):
    """`storage-unavailable`: The store cannot be used."""

    default_code = "storage-unavailable"
    default_status = 503
    default_retryable = True
    default_retry_after = 2.0
    default_title = "The store cannot be used"
    default_fix = "An admin must see to the disk."


class StorageFull(VaultError):
    """`storage-full`: The disk is full."""

    default_code = "storage-full"
    default_status = 507
    default_retryable = True
    default_retry_after = 30.0
    default_title = "The disk is full"
    default_fix = "An admin must make room."


class ImageDamaged(VaultError):
    """`blob-damaged`: The stored image is damaged."""

    default_code = "blob-damaged"
    default_status = 500
    default_title = "The stored image is damaged"
    default_fix = "An admin must restore it from a backup."


class ImageMissing(VaultError):
    """`blob-missing`: The stored image is missing."""

    default_code = "blob-missing"
    default_status = 500
    default_title = "The stored image is missing"
    default_fix = "An admin must restore it from a backup."


class KeyDamaged(VaultError):
    """`wrap-damaged`: The stored image's key is damaged."""

    default_code = "wrap-damaged"
    default_status = 500
    default_title = "The stored image's key is damaged"
    default_fix = "An admin must restore the catalog."


class RecordDamaged(VaultError):
    """`row-damaged`: The image's record is damaged."""

    default_code = "row-damaged"
    default_status = 500
    default_title = "The image's record is damaged"
    default_fix = "An admin must restore the catalog."


class RowRolledBack(VaultError):
    """`row-rolled-back`: A record is older than the log says."""

    default_code = "row-rolled-back"
    default_status = 500
    default_title = "A record is older than the log says"
    default_fix = "An admin must restore the catalog; the log tells what came after."


class CatalogDamaged(VaultError):
    """`catalog-damaged`: The catalog is damaged."""

    default_code = "catalog-damaged"
    default_status = 500
    default_title = "The catalog is damaged"
    default_fix = "An admin must restore the catalog."


class KeyringDamaged(VaultError):
    """`keyring-damaged`: The keyring is damaged."""

    default_code = "keyring-damaged"
    default_status = 500
    default_title = "The keyring is damaged"
    default_fix = "An admin must restore the keyring."


class KeyringRefused(VaultError):
    """`keyring-refused`: The key does not open the keyring."""

    default_code = "keyring-refused"
    default_status = 500
    default_title = "The key does not open the keyring"
    default_fix = "An admin must give the right key."


class RolledBack(VaultError):
    """`rolled-back`: The store is another than its anchor says."""

    default_code = "rolled-back"
    default_status = 500
    default_title = "The store is another than its anchor says"
    default_fix = "An admin must put the newest state back, or confirm that an older is meant."


class AnchorRefused(VaultError):
    """`anchor-refused`: The anchor cannot be believed."""

    default_code = "anchor-refused"
    default_status = 500
    default_title = "The anchor cannot be believed"
    default_fix = "An admin must compare it with a copy, and put that or none in its place."


class WrongSecret(VaultError):
    """`wrong-secret`: No slot takes this secret."""

    default_code = "wrong-secret"
    default_status = 403
    default_title = "No slot takes this secret"
    default_fix = "Give the secret of one of the slots that vaultctl status lists."


class MalformedSecret(VaultError):
    """`malformed-secret`: The secret is mistyped or cut short."""

    default_code = "malformed-secret"
    default_status = 400
    default_title = "The secret is mistyped or cut short"
    default_fix = "Compare it with its copy; a passphrase has 8 to 1024 bytes."


class NotSealed(VaultError):
    """`not-sealed`: The vault is not sealed."""

    default_code = "not-sealed"
    default_status = 409
    default_title = "The vault is not sealed"
    default_fix = "Nothing is to be done."


class UnknownSlot(VaultError):
    """`unknown-slot`: There is no such slot."""

    default_code = "unknown-slot"
    default_status = 404
    default_title = "There is no such slot"
    default_fix = "Use an id from vaultctl slots list, 32 hexadecimal digits."


class LastProvedSlot(VaultError):
    """`last-proved-slot`: No proved slot would be left."""

    default_code = "last-proved-slot"
    default_status = 409
    default_title = "No proved slot would be left"
    default_fix = "Prove another slot first, with vaultctl slots prove."


class TooManySlots(VaultError):
    """`too-many-slots`: The keyring has as many slots as it may."""

    default_code = "too-many-slots"
    default_status = 409
    default_title = "The keyring has as many slots as it may"
    default_fix = "Remove a slot first."


class NoChallenge(VaultError):
    """`no-challenge`: No challenge waits for this answer."""

    default_code = "no-challenge"
    default_status = 409
    default_title = "No challenge waits for this answer"
    default_fix = "Ask for one with vaultctl slots challenge, and answer that within the hour."


class LogKeySealed(VaultError):
    """`log-key-sealed`: The log's key is not open."""

    default_code = "log-key-sealed"
    default_status = 409
    default_title = "The log's key is not open"
    default_fix = "Open it with vaultctl unseal --log-key."


class TooManyEpochs(VaultError):
    """`too-many-epochs`: The keyring has as many epochs as it may."""

    default_code = "too-many-epochs"
    default_status = 409
    default_title = "The keyring has as many epochs as it may"
    default_fix = "Move the images to a new vault."


class UnknownStatement(VaultError):
    """`unknown-statement`: That operation has stated nothing."""

    default_code = "unknown-statement"
    default_status = 404
    default_title = "That operation has stated nothing"
    default_fix = "Use the id of a rotation that is done; see vaultctl ops ls."


class UnknownEpoch(VaultError):
    """`unknown-epoch`: There is no such epoch, or it is destroyed."""

    default_code = "unknown-epoch"
    default_status = 404
    default_title = "There is no such epoch, or it is destroyed"
    default_fix = "Use a number from vaultctl keys status."


class EpochInUse(VaultError):
    """`epoch-in-use`: The epoch is needed."""

    default_code = "epoch-in-use"
    default_status = 409
    default_title = "The epoch is needed"
    default_fix = "Rotate first; a readable epoch under which nothing is wrapped can go."


class UnknownBackup(VaultError):
    """`unknown-backup`: There is no such backup."""

    default_code = "unknown-backup"
    default_status = 404
    default_title = "There is no such backup"
    default_fix = "Use an id from vaultctl backups ls."


class BackupStranded(VaultError):
    """`backup-stranded`: A registered backup would become unreadable."""

    default_code = "backup-stranded"
    default_status = 409
    default_title = "A registered backup would become unreadable"
    default_fix = "Make it anew and expire the older one, or name it with --strand."


class Held(VaultError):
    """`held`: It is under a hold."""

    default_code = "held"
    default_status = 409
    default_title = "It is under a hold"
    default_fix = "Ask an admin: while the hold stands it is neither erased nor replaced."


class RetentionLocked(VaultError):
    """`retention-locked`: The retention may only be made longer."""

    default_code = "retention-locked"
    default_status = 409
    default_title = "The retention may only be made longer"
    default_fix = "Give a later end; the settings of this namespace are extend-only."


class UnknownReceipt(VaultError):
    """`unknown-receipt`: There is no such receipt for you."""

    default_code = "unknown-receipt"
    default_status = 404
    default_title = "There is no such receipt for you"
    default_fix = "Use the receipt that the answer to the deletion named."


class UnknownEscrow(VaultError):
    """`unknown-escrow`: There is no such copy of the keyring."""

    default_code = "unknown-escrow"
    default_status = 404
    default_title = "There is no such copy of the keyring"
    default_fix = "Use an id from vaultctl escrows ls."


class UnknownHold(VaultError):
    """`unknown-hold`: There is no such hold."""

    default_code = "unknown-hold"
    default_status = 404
    default_title = "There is no such hold"
    default_fix = "Use an id from vaultctl hold ls."


class UnknownIndex(VaultError):
    """`unknown-index`: The log does not go so far."""

    default_code = "unknown-index"
    default_status = 404
    default_title = "The log does not go so far"
    default_fix = "Ask for less: its size stands in its newest checkpoint."


class UnknownName(VaultError):
    """`unknown-name`: There is no name behind that."""

    default_code = "unknown-name"
    default_status = 404
    default_title = "There is no name behind that"
    default_fix = "Use a pseudonym from an event; its name may have been erased."


class TokenNotConfigured(VaultError):
    """`token-not-configured`: This vaultd speaks to no such token."""

    default_code = "token-not-configured"
    default_status = 409
    default_title = "This vaultd speaks to no such token"
    default_fix = "Set keys.pkcs11_module or keys.tpm2_configuration, in a vaultd built for it."


class TokenModuleFailed(VaultError):
    """`token-module-failed`: The token's library does not start."""

    default_code = "token-module-failed"
    default_status = 500
    default_title = "The token's library does not start"
    default_fix = "Check keys.pkcs11_module or keys.tpm2_configuration with the token's tool."


class TokenUnavailable(VaultError):
    """`token-unavailable`: The token does not answer."""

    default_code = "token-unavailable"
    default_status = 503
    default_retryable = True
    default_retry_after = 5.0
    default_title = "The token does not answer"
    default_fix = "Plug it in, or start it; its label must be that of keys.pkcs11_token."


class TokenKeyUnfit(VaultError):
    """`token-key-unfit`: The token has no key that opens this slot."""

    default_code = "token-key-unfit"
    default_status = 409
    default_title = "The token has no key that opens this slot"
    default_fix = "Bring back the key, object or PCRs that the slot was made with."


class TokenLocked(VaultError):
    """`token-locked`: The token takes no PIN now."""

    default_code = "token-locked"
    default_status = 403
    default_title = "The token takes no PIN now"
    default_fix = "Unlock it with its own tool; after a wrong PIN, unseal by hand."


class InternalError(VaultError):
    """`internal-error`: Something went wrong here."""

    default_code = "internal-error"
    default_status = 500
    default_title = "Something went wrong here"
    default_fix = "Tell an admin the request_id."


#: Each code's exception.
BY_CODE: dict[str, type[VaultError]] = {
    "bad-request": BadRequest,
    "unknown-route": UnknownRoute,
    "method-not-allowed": MethodNotAllowed,
    "unknown-parameter": UnknownParameter,
    "invalid-parameter": InvalidParameter,
    "invalid-id": InvalidId,
    "invalid-name": InvalidName,
    "missing-name": MissingName,
    "invalid-job": InvalidJob,
    "invalid-owner": InvalidOwner,
    "invalid-digest": InvalidDigest,
    "invalid-header": InvalidHeader,
    "invalid-body": InvalidBody,
    "digest-mismatch": DigestMismatch,
    "empty-body": EmptyBody,
    "body-too-large": BodyTooLarge,
    "upload-incomplete": UploadIncomplete,
    "upload-timeout": UploadTimeout,
    "download-incomplete": DownloadIncomplete,
    "range-not-satisfiable": RangeNotSatisfiable,
    "deadline-exceeded": DeadlineExceeded,
    "cross-site": CrossSite,
    "not-permitted": NotPermitted,
    "rate-limited": RateLimited,
    "token-required": TokenRequired,
    "token-refused": TokenRefused,
    "ticket-refused": TicketRefused,
    "unknown-token": UnknownToken,
    "too-many-tokens": TooManyTokens,
    "unknown-namespace": UnknownNamespace,
    "namespace-exists": NamespaceExists,
    "too-many-namespaces": TooManyNamespaces,
    "quota-exceeded": QuotaExceeded,
    "unknown-image": UnknownImage,
    "unknown-operation": UnknownOperation,
    "operation-conflict": OperationConflict,
    "idempotency-key-reused": IdempotencyKeyReused,
    "idempotency-key-in-use": IdempotencyKeyInUse,
    "quarantined": Quarantined,
    "not-quarantined": NotQuarantined,
    "unknown-approval": UnknownApproval,
    "approval-used": ApprovalUsed,
    "approval-expired": ApprovalExpired,
    "approval-mismatch": ApprovalMismatch,
    "second-person-required": SecondPersonRequired,
    "approval-needed": ApprovalNeeded,
    "policy-refused": PolicyRefused,
    "no-policy": NoPolicy,
    "suspended": Suspended,
    "last-admin": LastAdmin,
    "unknown-incident": UnknownIncident,
    "incident-closed": IncidentClosed,
    "case-damaged": CaseDamaged,
    "image-refused": ImageRefused,
    "inspection-failed": InspectionFailed,
    "sealed": VaultSealed,
    "overloaded": VaultOverloaded,
    "audit-unavailable": AuditUnavailable,
    "storage-unavailable": StorageUnavailable,
    "storage-full": StorageFull,
    "blob-damaged": ImageDamaged,
    "blob-missing": ImageMissing,
    "wrap-damaged": KeyDamaged,
    "row-damaged": RecordDamaged,
    "row-rolled-back": RowRolledBack,
    "catalog-damaged": CatalogDamaged,
    "keyring-damaged": KeyringDamaged,
    "keyring-refused": KeyringRefused,
    "rolled-back": RolledBack,
    "anchor-refused": AnchorRefused,
    "wrong-secret": WrongSecret,
    "malformed-secret": MalformedSecret,
    "not-sealed": NotSealed,
    "unknown-slot": UnknownSlot,
    "last-proved-slot": LastProvedSlot,
    "too-many-slots": TooManySlots,
    "no-challenge": NoChallenge,
    "log-key-sealed": LogKeySealed,
    "too-many-epochs": TooManyEpochs,
    "unknown-statement": UnknownStatement,
    "unknown-epoch": UnknownEpoch,
    "epoch-in-use": EpochInUse,
    "unknown-backup": UnknownBackup,
    "backup-stranded": BackupStranded,
    "held": Held,
    "retention-locked": RetentionLocked,
    "unknown-receipt": UnknownReceipt,
    "unknown-escrow": UnknownEscrow,
    "unknown-hold": UnknownHold,
    "unknown-index": UnknownIndex,
    "unknown-name": UnknownName,
    "token-not-configured": TokenNotConfigured,
    "token-module-failed": TokenModuleFailed,
    "token-unavailable": TokenUnavailable,
    "token-key-unfit": TokenKeyUnfit,
    "token-locked": TokenLocked,
    "internal-error": InternalError,
}

__all__ = [
    "AnchorRefused",
    "ApprovalExpired",
    "ApprovalMismatch",
    "ApprovalNeeded",
    "ApprovalUsed",
    "AuditUnavailable",
    "BY_CODE",
    "BackupStranded",
    "BadRequest",
    "BodyTooLarge",
    "CaseDamaged",
    "CatalogDamaged",
    "CrossSite",
    "DeadlineExceeded",
    "DigestMismatch",
    "DownloadIncomplete",
    "EmptyBody",
    "EpochInUse",
    "Held",
    "IdempotencyKeyInUse",
    "IdempotencyKeyReused",
    "ImageDamaged",
    "ImageMissing",
    "ImageRefused",
    "IncidentClosed",
    "InspectionFailed",
    "InternalError",
    "InvalidBody",
    "InvalidDigest",
    "InvalidHeader",
    "InvalidId",
    "InvalidJob",
    "InvalidName",
    "InvalidOwner",
    "InvalidParameter",
    "KeyDamaged",
    "KeyringDamaged",
    "KeyringRefused",
    "LastAdmin",
    "LastProvedSlot",
    "LogKeySealed",
    "MalformedSecret",
    "MethodNotAllowed",
    "MissingName",
    "NamespaceExists",
    "NoChallenge",
    "NoPolicy",
    "NotPermitted",
    "NotQuarantined",
    "NotSealed",
    "OperationConflict",
    "PolicyRefused",
    "Quarantined",
    "QuotaExceeded",
    "RangeNotSatisfiable",
    "RateLimited",
    "RecordDamaged",
    "RetentionLocked",
    "RolledBack",
    "RowRolledBack",
    "SecondPersonRequired",
    "StorageFull",
    "StorageUnavailable",
    "Suspended",
    "TicketRefused",
    "TokenKeyUnfit",
    "TokenLocked",
    "TokenModuleFailed",
    "TokenNotConfigured",
    "TokenRefused",
    "TokenRequired",
    "TokenUnavailable",
    "TooManyEpochs",
    "TooManyNamespaces",
    "TooManySlots",
    "TooManyTokens",
    "UnknownApproval",
    "UnknownBackup",
    "UnknownEpoch",
    "UnknownEscrow",
    "UnknownHold",
    "UnknownImage",
    "UnknownIncident",
    "UnknownIndex",
    "UnknownName",
    "UnknownNamespace",
    "UnknownOperation",
    "UnknownParameter",
    "UnknownReceipt",
    "UnknownRoute",
    "UnknownSlot",
    "UnknownStatement",
    "UnknownToken",
    "UploadIncomplete",
    "UploadTimeout",
    "VaultOverloaded",
    "VaultSealed",
    "WrongSecret",
]
