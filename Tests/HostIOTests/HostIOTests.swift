// HostIOTests
