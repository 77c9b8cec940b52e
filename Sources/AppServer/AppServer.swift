// AppServer
