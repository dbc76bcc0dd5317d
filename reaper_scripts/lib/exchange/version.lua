--- What these scripts are: their release and the message format they speak. The daemon says its own.
return { script = "0.1.0", schema = 2 }
