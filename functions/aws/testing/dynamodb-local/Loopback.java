import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBServerHandler;

/** DynamoDB Local in memory, on a free port of the loopback interface only: its own main binds every interface. Prints the port. */
public class Loopback {
	public static void main(String[] arguments) throws Exception {
		Server server = new Server(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
		LocalDynamoDBRequestHandler tables = new LocalDynamoDBRequestHandler(0, true, null, false, false);
		server.setHandler(new LocalDynamoDBServerHandler(tables, "*"));
		server.start();
		System.out.println("port " + server.getURI().getPort());
		System.in.read(); // until whoever started it is gone
		System.exit(0);
	}
}
