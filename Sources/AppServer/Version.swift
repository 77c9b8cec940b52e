/// What we are and which protocol we speak: the reference's version first, because clients compare it, then our own.
package enum Version {
  package static let protocolVersion = "0.163.0"
  package static let own = "0.1.0"
  package static let full = "\(protocolVersion)+swift.\(own)"
}
