# frozen_string_literal: true

# A connection to the daemon: checked, opened, greeted. SPDX-License-Identifier: BSD-2-Clause
require "etc"
require "socket"
require "hda/clock"
require "hda/postponed"
require "hda/version"
require "hda/wire"

module Hda
  class Link
    include Clock

    ANSWER_S = 1.0       # seconds the daemon may take for an answer
    OFF_S = 300.0        # seconds until a socket that must not be used is looked at again
    LATER_MAX_S = 300.0  # the longest wait that the daemon may ask for
    DAEMON_USER = "hda"

    attr_reader :io

    # role: "ingest" or "control". Raises Postponed. Only the calling thread waits.
    def initialize(config, identity, role)
      @io = connect(config.socket)
      greet(identity, role)
    rescue Postponed
      close
      raise
    end

    # Asks whether a dump may be made now; raises Postponed when not.
    def lease(reason)
      @io.write(Wire.frame(Wire::WANT, 1, "reason" => reason))
      type, map = Wire.read_frame(@io, mono + ANSWER_S)
      case type
      when Wire::GO then nil
      when Wire::LATER
        raise Postponed.new(:later, [[map["retry_ms"].to_i / 1000.0, 0.1].max, LATER_MAX_S].min, map["why"].to_s)
      when Wire::ERROR then refuse(map)
      else raise Wire::Error, "frame #{type} where GO was due"
      end
    rescue Wire::Error, SystemCallError, IOError => e
      raise Postponed.new(:daemon, nil, e.message)
    end

    def close
      @io.close if @io && !@io.closed?
    end

    private

    def connect(path)
      path = File.realpath(path)
      check_path(path)
      sock = Socket.new(:UNIX, :STREAM, 0)
      begin
        # A Unix socket connects at once or says EAGAIN (its backlog is full).
        sock.connect_nonblock(Socket.pack_sockaddr_un(path))
        check_peer(sock, path)
      rescue StandardError
        sock.close
        raise
      end
      sock
    rescue Errno::ENOENT, Errno::ENOTDIR, Errno::ECONNREFUSED => e
      raise Postponed.new(:absent, nil, "no daemon at #{path} (#{e.class.name.split('::').last})")
    rescue Errno::EAGAIN
      raise Postponed.new(:busy, nil, "#{path} does not accept")
    rescue Errno::EACCES, Errno::EPERM
      raise Postponed.new(:denied, OFF_S, "#{path}: permission denied; this user must be in group hda-ingest")
    rescue ArgumentError => e
      raise Postponed.new(:socket, OFF_S, "#{path}: #{e.message}") # a path longer than a Unix socket's may be
    rescue SystemCallError => e
      raise Postponed.new(:daemon, nil, "#{path}: #{e.message}") # no descriptor is left, and the like
    end

    # Before a byte is sent: the socket must belong to root, to the daemon's user or to us, in a directory where nobody else can put
    # another in its place; so must all above it (a sticky one like /tmp will do there: what is ours in it stays ours).
    def check_path(path)
      st = File.stat(path)
      dir = File.dirname(path)
      bad = if !st.socket? then "is not a socket"
            elsif !trusted.include?(st.uid) || !trusted.include?(File.stat(dir).uid) then "belongs to somebody else"
            elsif File.stat(dir).mode & 0o002 != 0 then "lies in a directory that everybody may write to"
            elsif (above = loose_parent(dir)) then "lies below #{above}, that others may write to"
            end
      raise Postponed.new(:socket, OFF_S, "#{path} #{bad}: nothing is sent there") if bad
    end

    def loose_parent(dir)
      until dir == "/"
        dir = File.dirname(dir)
        st = File.stat(dir)
        return dir if !trusted.include?(st.uid) || (st.mode & 0o002 != 0 && !st.sticky?)
      end
      nil
    end

    # Whoever listens, as the kernel knows him: between the look at the path and the connection it may have changed hands.
    def check_peer(sock, path)
      uid = sock.getsockopt(:SOCKET, :PEERCRED).data.unpack("iII")[1]
      return if trusted.include?(uid)
      raise Postponed.new(:socket, OFF_S, "#{path}: user #{uid} listens there: nothing is sent")
    end

    def trusted
      @trusted ||= [0, Process.euid, daemon_uid].compact
    end

    def daemon_uid
      Etc.getpwnam(DAEMON_USER).uid
    rescue ArgumentError
      nil
    end

    def greet(identity, role)
      hello = identity.merge("m" => Wire::MAGIC, "min" => Wire::MIN, "max" => Wire::MAX, "role" => role, "client" => "hda-ruby #{VERSION}")
      @io.write(Wire.frame(Wire::HELLO, 0, hello))
      type, map = Wire.read_frame(@io, mono + ANSWER_S)
      refuse(map) if type == Wire::ERROR
      raise Wire::Error, "frame #{type} where WELCOME was due" unless type == Wire::WELCOME
    rescue Wire::Error, SystemCallError, IOError => e
      raise Postponed.new(:daemon, nil, e.message)
    end

    def refuse(map)
      if map["code"] == 401
        theirs = map["min"] ? "#{map['min']}-#{map['max']}" : "another"
        raise Postponed.new(:version, OFF_S, "this gem speaks protocol #{Wire::MIN}-#{Wire::MAX}, the daemon #{theirs}")
      end
      raise Postponed.new(:refused, nil, "#{map['code']} #{map['text']}")
    end
  end
end
